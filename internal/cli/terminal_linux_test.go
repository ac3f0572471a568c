package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/cli"
	"github.com/einstack/glide/internal/testkit"
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

// TestChatInterrupted breaks off an answer by Ctrl-C, which at the prompt ends the program.
func TestChatInterrupted(t *testing.T) {
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Role, testkit.Chunk("Well, "))(w, r)
		<-r.Context().Done()
	})
	person, program := newTerminal(t)
	cmd := exec.Command("glide", "chat", "--addr", u.Listener.Addr().String(), "--router", "slow")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(testkit.Deadline, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	program.Close() // so that the terminal ends with the command
	var seen strings.Builder
	await := func(text string) {
		t.Helper()
		for b := make([]byte, 100); !strings.HasSuffix(seen.String(), text); {
			n, err := person.Read(b)
			if seen.Write(b[:n]); err != nil {
				t.Fatalf("%q did not come, but %q", text, seen.String())
			}
		}
	}
	typed := func(text string) {
		t.Helper()
		if _, err := person.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	await("slow> ")
	for range 2 {
		typed("Hello?\n")
		await("Well, ")
		typed("\x03")
		await("\r\nglide: interrupted\r\nslow> ")
	}
	typed("No, \x03")
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("interrupted at the prompt, it ended with %v", err)
	}
	for i, request := range u.Requests() {
		if strings.Count(request.Body, `"role"`) != 1 {
			t.Errorf("turn %d holds one that was broken off: %s", i, request.Body)
		}
	}
}

// TestBannerOnTerminal tells a person what is served, even if the log is for machines.
func TestBannerOnTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "glide.yaml")
	err := os.WriteFile(file, []byte(`
telemetry: {logging: {encoding: json}}
api: {keys: [{id: a, hash: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}
routers:
  language:
    - {id: off, enabled: false, models: [{id: m, simulated: {}}]}
    - {id: cheap, models: [{id: a, simulated: {}}, {id: b, enabled: false, simulated: {}}, {id: c, simulated: {}}]}
    - {id: dear, models: [{id: d, simulated: {}}]}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "") // so that this program is under no name
	person, program := newTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	cmd := cli.New()
	cmd.SetArgs([]string{"serve", "--config", file, "--addr", "127.0.0.1:0"})
	cmd.SetErr(program)
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	seen := ""
	for lines := bufio.NewScanner(person); !strings.Contains(seen, "-d '") && lines.Scan(); {
		seen += lines.Text() + "\n"
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("interrupted, it ended with %v", err)
	}
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(seen)
	want := "Glide " + glide.Version() + " listens on " + url + " with " + file + `:

  Routers   cheap (a, c)
            dear (d)
  Key       export GLIDE_API_KEY=…, a client's; glide key new makes one
  Status    ` + url + `/
  Try       ` + os.Args[0] + " chat --addr " + strings.TrimPrefix(url, "http://") + ` "Hello!"

  curl ` + url + `/v1/chat/completions -H 'Content-Type: application/json' -H "Authorization: Bearer $GLIDE_API_KEY" \
    -d '{"model": "cheap", "messages": [{"role": "user", "content": "Hello!"}]}'
`
	if seen != want {
		t.Errorf("got\n%s, want\n%s", seen, want)
	}
}
