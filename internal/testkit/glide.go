package testkit

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/test/repo"
)

// Deadline is how long tests wait for what should come at once.
const Deadline = 20 * time.Second

// A Glide is a running gateway.
type Glide struct {
	URL    string // without a slash at its end
	Banner string
	Config string // the configuration file; empty for the built-in one
	cmd    *exec.Cmd
	exited chan struct{}

	mu  sync.Mutex
	log []byte
}

var (
	buildOnce sync.Once
	binary    string
	buildErr  error
)

// Binary builds cmd/glide, once for all tests of a process, and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "glide-test-")
		if err != nil {
			buildErr = err
			return
		}
		binary = filepath.Join(dir, "glide")
		cmd := exec.Command("go", "build", "-o", binary, "./cmd/glide")
		cmd.Dir = repo.Root()
		if out, err := cmd.CombinedOutput(); err != nil {
			buildErr = fmt.Errorf("build glide: %w\n%s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return binary
}

// RemoveBinary removes what Binary built. It is for TestMain.
func RemoveBinary() {
	if binary != "" {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
}

var bannerURL = regexp.MustCompile(`(?s)listens on (https?://[0-9.:]+) with.*-d '.*'\n\n`)

// Start runs glide with a configuration, or with the built-in one if it is empty, on a
// free port until the test ends.
func Start(t testing.TB, config string) *Glide {
	t.Helper()
	if config == "" {
		return StartFile(t, "")
	}
	file := filepath.Join(t.TempDir(), "glide.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return StartFile(t, file)
}

// StartFile is as [Start] for a configuration file that is there.
func StartFile(t testing.TB, file string) *Glide {
	t.Helper()
	args := []string{"serve", "--addr", "127.0.0.1:0"}
	if file != "" {
		args = append(args, "--config", file)
	}
	g := &Glide{Config: file, cmd: exec.Command(Binary(t), args...), exited: make(chan struct{})}
	stderr, err := g.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go g.read(stderr, ready)
	t.Cleanup(func() { g.Stop(t) })
	select {
	case <-ready:
	case <-g.exited:
		t.Fatalf("glide ended at once:\n%s", g.Log())
	case <-time.After(Deadline):
		t.Fatalf("glide did not start in %s:\n%s", Deadline, g.Log())
	}
	return g
}

// read gathers the log, and tells when the banner has come.
func (g *Glide) read(stderr io.Reader, ready chan struct{}) {
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		g.mu.Lock()
		g.log = append(g.log, line...)
		if m := bannerURL.FindSubmatch(g.log); m != nil && g.URL == "" {
			g.URL, g.Banner = string(m[1]), string(g.log)
			close(ready)
		}
		g.mu.Unlock()
		if err != nil {
			break
		}
	}
	// The status is looked at by Stop.
	_ = g.cmd.Wait()
	close(g.exited)
}

// Log returns what glide wrote so far.
func (g *Glide) Log() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return string(g.log)
}

// Signal sends a signal.
func (g *Glide) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := g.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Stop ends glide as a supervisor does and returns its exit status.
func (g *Glide) Stop(t testing.TB) int {
	t.Helper()
	// It may have ended before.
	if runtime.GOOS == "windows" {
		_ = g.cmd.Process.Kill()
	} else {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
	}
	return g.Wait(t)
}

// Wait waits for glide to end and returns its exit status.
func (g *Glide) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-g.exited:
	case <-time.After(Deadline):
		_ = g.cmd.Process.Kill()
		t.Errorf("glide did not end in %s:\n%s", Deadline, g.Log())
		<-g.exited
	}
	return g.cmd.ProcessState.ExitCode()
}
