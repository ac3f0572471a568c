// Package system speaks with what runs Glide: systemd, which hands over sockets and wants
// to know how the service is, and containers, which limit its memory.
//
// Nothing here is needed where none of them is; then it does nothing.
package system

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// Listener returns the socket that systemd listens on for Glide, nil if there is none.
// The protocol is that of sd_listen_fds(3).
func Listener() (net.Listener, error) {
	const first = 3 // file descriptor
	defer func() {
		// They are for this process alone.
		err := errors.Join(os.Unsetenv("LISTEN_PID"), os.Unsetenv("LISTEN_FDS"), os.Unsetenv("LISTEN_FDNAMES"))
		if err != nil {
			panic(err) // the names are good ones
		}
	}()
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	switch n, err := strconv.Atoi(os.Getenv("LISTEN_FDS")); {
	case err != nil || n < 0:
		return nil, fmt.Errorf("LISTEN_FDS is %q, not a number of sockets", os.Getenv("LISTEN_FDS"))
	case n == 0:
		return nil, nil
	case n > 1:
		return nil, fmt.Errorf("systemd hands over %d sockets; keep one ListenStream in the socket unit", n)
	}
	file := os.NewFile(first, "systemd socket")
	defer file.Close() // the listener has its own copy
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("use the socket of systemd: %w", err)
	}
	return ln, nil
}

// The states of a service.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
)

// Reloading returns the state of a service that reads its configuration again. Ready is
// to follow.
func Reloading() string {
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic().Microseconds())
}

// Notify tells systemd the service's state, by the protocol of sd_notify(3).
func Notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	return nil
}
