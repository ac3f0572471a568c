package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// redraws reports whether stream is a terminal that moves its cursor as it is told, which
// consoles do on demand.
func redraws(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	console, mode := windows.Handle(file.Fd()), uint32(0)
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
