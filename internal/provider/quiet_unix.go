//go:build unix

package provider

import (
	"net"
	"syscall"
)

// canLook says that idle connections can be looked at without waiting.
const canLook = true

// quiet reports whether the server has neither closed an idle connection nor sent anything.
func quiet(c net.Conn) bool {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = err == syscall.EAGAIN
		return true
	})
	return err == nil && waiting
}
