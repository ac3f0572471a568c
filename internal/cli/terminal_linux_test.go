package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newTerminal returns the two ends of a terminal: what a person sees, and the program's.
func newTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// TestRoutersWatchTerminal draws in place, and goes on when the gateway is away.
func TestRoutersWatchTerminal(t *testing.T) {
	server := serve(t)
	addr := server.Listener.Addr().String()
	person, program := newTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- watch(ctx, program, addr) }()
	frames := bufio.NewScanner(person)
	for frames.Scan() && !strings.Contains(frames.Text(), "simulated") {
	}
	server.Close()
	seen := ""
	for !strings.Contains(seen, "glide: no gateway answers on "+addr) && frames.Scan() {
		seen += frames.Text() + "\n"
	}
	if !strings.Contains(seen, "\x1b[J\x1b[H"+addr+" at ") {
		t.Errorf("got %q", seen)
	}
	// A terminal that nobody reads would hold the command up.
	go func() { _, _ = io.Copy(io.Discard, person) }()
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("interrupted, it ended with %v", err)
	}
}
