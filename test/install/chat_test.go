//go:build e2e

package install

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var listens = regexp.MustCompile(`listens on (http://[0-9.:]+)`)

// chat starts a gateway by the command, asks it for a chat and stops it as service managers do.
func chat(t *testing.T, command ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	chatBy(t, cmd, func() error { return cmd.Process.Signal(syscall.SIGTERM) })
}

// chatBy starts a gateway, asks it for a chat and stops it.
func chatBy(t *testing.T, cmd *exec.Cmd, stop func() error) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// If the banner doesn't come, the log ends with the program.
	kill := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	var log strings.Builder
	url := ""
	lines := bufio.NewScanner(io.TeeReader(stderr, &log))
	for url == "" && lines.Scan() {
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			url = found[1]
		}
	}
	if url == "" {
		t.Fatalf("%s did not start: %v\n%s", cmd, cmd.Wait(), log.String())
	}
	answer, err := http.Post(url+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"model": "default", "messages": [{"role": "user", "content": "Hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"chat.completion"`) {
		t.Errorf("the chat was answered with %s, %v\n%s", answer.Status, err, body)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s ended with %v\n%s%s", cmd, err, log.String(), rest)
	}
}
