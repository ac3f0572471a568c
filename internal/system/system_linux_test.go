package system

import (
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestGroupLimit(t *testing.T) {
	tests := []struct {
		name, groups string
		files        map[string]string
		want         int64
	}{
		{"none", "", nil, math.MaxInt64},
		{"version 2", "0::/a/b\n", map[string]string{"a/b/memory.max": "1000\n"}, 1000},
		{"version 2 without a limit", "0::/a/b\n", map[string]string{"a/b/memory.max": "max\n"}, math.MaxInt64},
		{"limit of a parent", "0::/a/b\n", map[string]string{"a/b/memory.max": "1000\n", "a/memory.max": "500\n"}, 500},
		{"inside of a container", "0::/\n", map[string]string{"memory.max": "2000\n"}, 2000},
		{"path outside of a container", "0::/../x\n", map[string]string{"memory.max": "2000\n"}, 2000},
		{"version 1", "5:cpu:/a\n4:memory:/a\n", map[string]string{"memory/a/memory.limit_in_bytes": "3000\n"}, 3000},
		{"version 1 without a limit", "4:memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, math.MaxInt64},
		{"both", "4:memory:/a\n0::/\n", map[string]string{"memory/a/memory.limit_in_bytes": "3000\n", "memory.max": "2500"}, 2500},
		{"garbage", "what\n0::/\n", map[string]string{"memory.max": "much"}, math.MaxInt64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "list"), tt.groups)
			for name, text := range tt.files {
				write(t, filepath.Join(root, "cgroup", name), text)
			}
			if got := groupLimit(filepath.Join(root, "list"), filepath.Join(root, "cgroup")); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	if got := groupLimit(filepath.Join(t.TempDir(), "none"), "/"); got != math.MaxInt64 {
		t.Errorf("got %d without control groups", got)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLimitMemory leaves GOMEMLIMIT alone.
func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Setenv("GOMEMLIMIT", "1GiB")
	if got := LimitMemory(); got != 0 || debug.SetMemoryLimit(-1) != before {
		t.Errorf("got %d", got)
	}
}

func TestNotify(t *testing.T) {
	if err := Notify(Ready); err != nil {
		t.Errorf("without systemd: %v", err)
	}
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	if err := Notify(Reloading()); err != nil {
		t.Fatal(err)
	}
	var buf [100]byte
	n, err := conn.Read(buf[:])
	if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") || strings.HasSuffix(got, "=0") {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("NOTIFY_SOCKET", name+"-none")
	if err := Notify(Ready); err == nil {
		t.Error("no error for a socket that is not there")
	}
}

// TestListener takes no socket that is meant for another process.
func TestListener(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "1")
	if ln, err := Listener(); ln != nil || err != nil {
		t.Errorf("got %v, %v", ln, err)
	}
	if _, ok := os.LookupEnv("LISTEN_FDS"); ok {
		t.Error("children would take the socket for theirs")
	}
}
