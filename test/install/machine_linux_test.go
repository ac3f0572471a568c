//go:build e2e

package install

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/test/page"
)

// boot starts a machine and returns its administrator. It is this machine's files, with all that is
// written kept apart, a systemd and a network of its own, where a server stands for every host of
// HTTPS that /etc/hosts names. The server and the files are gone after the test.
func boot(t *testing.T, hosts string, server http.Handler) (root string, admin *page.Reader) {
	t.Helper()
	dir := t.TempDir()
	root = filepath.Join(dir, "root")
	for _, name := range []string{"root", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	layers := "lowerdir=/,upperdir=" + filepath.Join(dir, "upper") + ",workdir=" + filepath.Join(dir, "work")
	run(t, dir, "mount", "-t", "overlay", "overlay", "-o", layers, root)
	t.Cleanup(func() {
		if err := syscall.Unmount(root, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", root, err)
		}
	})
	write(t, filepath.Join(root, "etc/hosts"), "127.0.0.1 localhost "+hosts+"\n")
	write(t, filepath.Join(root, "root/.curlrc"), "insecure\n")
	write(t, filepath.Join(root, "usr/local/bin/sudo"), "#!/bin/sh\nexec \"$@\"\n")
	if err := os.Chmod(filepath.Join(root, "usr/local/bin/sudo"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(root, "etc/machine-id")); err != nil {
		t.Fatal(err)
	}

	listener, network := isolate(t)
	https := httptest.NewUnstartedServer(server)
	https.Listener.Close()
	https.Listener = listener
	https.StartTLS()
	t.Cleanup(https.Close)

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	machine := exec.Command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory="+root,
		"--network-namespace-path="+network, "--console=pipe", "--boot", "systemd.unit=basic.target", "systemd.firstboot=no")
	machine.Stdout, machine.Stderr = log, log
	if err := machine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// It passes that on as the wish to be turned off.
		_ = machine.Process.Signal(syscall.SIGTERM)
		stop := time.AfterFunc(time.Minute, func() { _ = machine.Process.Kill() })
		defer stop.Stop()
		_ = machine.Wait()
	})

	start := time.Now()
	for {
		init := childOf(machine.Process.Pid)
		in := []string{"nsenter", "--target", init, "--all", "--wdns=/root", "--"}
		output, err := exec.CommandContext(t.Context(), in[0], append(in[1:], "systemctl", "is-active", "basic.target")...).CombinedOutput()
		if err == nil {
			return root, &page.Reader{
				Shell: append(in, "bash"),
				Env:   []string{"HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"},
			}
		}
		if time.Since(start) > 3*time.Minute {
			t.Fatalf("the machine did not start in three minutes: %v\n%s\n%s", err, output, read(t, log.Name()))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// isolate makes a network that has nothing but a loopback, and returns a listener on its port of HTTPS
// and the network's path.
func isolate(t *testing.T) (listener net.Listener, network string) {
	t.Helper()
	type made struct {
		listener net.Listener
		network  string
		err      error
	}
	done := make(chan made)
	go func() {
		// The thread is in the network from now on, and keeps it until the test is over.
		runtime.LockOSThread()
		var m made
		if m.err = syscall.Unshare(syscall.CLONE_NEWNET); m.err == nil {
			m.err = exec.Command("ip", "link", "set", "lo", "up").Run()
		}
		if m.err == nil {
			m.listener, m.err = net.Listen("tcp", "127.0.0.1:443")
		}
		m.network = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), syscall.Gettid())
		done <- m
		<-t.Context().Done()
	}()
	m := <-done
	if m.err != nil {
		t.Fatal(m.err)
	}
	return m.listener, m.network
}

// childOf returns the child of a process, "0" if it has none yet.
func childOf(pid int) string {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if fields := strings.Fields(string(children)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return "0"
}
