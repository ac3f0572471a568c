// Package start tests what a newcomer does first: `make run`, then the lines to try that it prints.
package start

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/einstack/glide/test/repo"
)

func TestMakeRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "make", "run")
	cmd.Dir = repo.Root()
	cmd.Env = append(os.Environ(), "GLIDE_ADDR=127.0.0.1:0")
	// What make starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})

	// The command is indented, and may go on after a backslash.
	var chat string
	var curl strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		line := lines.Text()
		if try, ok := strings.CutPrefix(line, "  Try "); ok {
			chat = try
		}
		if curl.Len() > 0 || strings.HasPrefix(line, "  curl ") {
			curl.WriteString(line + "\n")
			if !strings.HasSuffix(line, `\`) {
				break
			}
		}
	}
	// What it logs from here on has no reader, and must not block it.
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	if curl.Len() == 0 || chat == "" {
		t.Fatal("make run printed no lines to try")
	}

	for _, tc := range []struct{ name, command, want string }{
		{"chat", chat, "Hello!"},
		{"as printed", curl.String(), `"content":"`},
		{"streamed", strings.Replace(curl.String(), `{"model"`, `{"stream": true, "model"`, 1), "data: [DONE]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			output, err := exec.CommandContext(ctx, "sh", "-c", tc.command).Output()
			if err != nil || !strings.Contains(string(output), tc.want) {
				t.Errorf("%s\nprinted %q (%v), want it to hold %q", tc.command, output, err, tc.want)
			}
		})
	}
}
