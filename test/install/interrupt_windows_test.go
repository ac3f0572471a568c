//go:build e2e

package install

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// interruptible lets a command be interrupted without its parent.
func interruptible(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interrupt is Ctrl-Break, since Ctrl-C cannot be meant for one process.
func interrupt(cmd *exec.Cmd) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(cmd.Process.Pid))
}
