package clients

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// TestSystemd starts Glide as a socket unit and a service of the type notify-reload do.
func TestSystemd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	heard := func() string {
		t.Helper()
		var buf [200]byte
		if err := notify.SetReadDeadline(time.Now().Add(testkit.Deadline)); err != nil {
			t.Fatal(err)
		}
		n, err := notify.Read(buf[:])
		if err != nil {
			t.Fatalf("nothing is heard: %v", err)
		}
		return string(buf[:n])
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	url := "http://" + ln.Addr().String()
	ln.Close()

	// The shell becomes Glide, so that LISTEN_PID is known before.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" serve --addr 127.0.0.1:1`, testkit.Binary(t))
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+name)
	cmd.ExtraFiles = []*os.File{file}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it has ended unless the test failed
	if got := heard(); got != "READY=1" {
		t.Errorf("got %q", got)
	}
	res, err := http.Get(url + "/v1/health/ready")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	res.Body.Close()
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := heard(); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("got %q", got)
	}
	if got := heard(); got != "READY=1" {
		t.Errorf("got %q", got)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := heard(); got != "STOPPING=1" {
		t.Errorf("got %q", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log.String())
	}
}
