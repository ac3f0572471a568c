//go:build !windows

package cli

// redraws reports whether stream is a terminal that moves its cursor as it is told.
func redraws(stream any) bool { return isTerminal(stream) }
