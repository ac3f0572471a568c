package page

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Reader types what pages say.
type Reader struct {
	Dir      string            // where
	Env      []string          // beside the environment of the test
	Shell    []string          // a bash, by default this machine's
	Address  string            // on which servers listen; by default where the pages say
	Replaced *strings.Replacer // what a page names and a test can't have, and what stands for it
}

// address is where a gateway listens by default.
const address = "127.0.0.1:9099"

// patience is how long a block may take.
const patience = 15 * time.Minute

// servers begin the lines that end only when they are told to.
var servers = regexp.MustCompile(`^((?:\w+=\S+ )*)((?:glide serve|make run|docker compose up|docker run .*-p 127\.0\.0\.1:9099:9099|nix run github:einstack/glide|go run \S+/cmd/glide@latest)(?:[\s\\].*)?)$`)

// prelude defines what stands before a server: it goes on when that is ready.
const prelude = `
serve() {
  "$@" &
  until curl --fail --silent --output /dev/null "http://$READY/v1/health/ready"; do
    kill -0 $! 2> /dev/null || { echo "it has ended: $*"; exit 1; }
    sleep 0.1
  done
}
`

// Run runs a block, which must succeed and print what the page shows, and returns what it printed.
func (r *Reader) Run(t testing.TB, block Block) string {
	t.Helper()
	output, err := r.Try(t, block)
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", block, err, block.Text, output)
	}
	printed := output
	if r.Address != "" { // which commands name where it is another than the pages'
		printed = strings.NewReplacer(" --addr "+r.Address, "", r.Address, address).Replace(output)
	}
	if shown := shown(block); shown != nil && !shown.MatchString(printed) {
		t.Errorf("%s: it shows\n%s\nbut this was printed:\n%s", block, block.Text, output)
	}
	return output
}

// Try runs a block and returns what it printed.
func (r *Reader) Try(t testing.TB, block Block) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shell := r.Shell
	if shell == nil {
		shell = []string{"bash"}
	}
	// A file, since a pipe would stay open for as long as a server runs.
	output, err := os.CreateTemp(t.TempDir(), "output-*")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.CommandContext(ctx, shell[0], append(shell[1:], "-euo", "pipefail", "-c", prelude+r.script(block))...)
	cmd.Dir = r.Dir
	cmd.Env = append(os.Environ(), r.Env...)
	ready := address
	if r.Address != "" {
		ready = r.Address
		cmd.Env = append(cmd.Env, "GLIDE_ADDR="+ready)
	}
	cmd.Env = append(cmd.Env, "READY="+ready)
	cmd.Stdout, cmd.Stderr = output, output
	// What a block starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.Cancel = end
	err = cmd.Run()
	if cmd.Process != nil {
		for start := time.Now(); !errors.Is(end(), syscall.ESRCH); time.Sleep(20 * time.Millisecond) {
			if time.Since(start) > time.Minute {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				t.Errorf("%s: what it started did not end in a minute", block)
				break
			}
		}
	}
	text, readErr := os.ReadFile(output.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(bytes.TrimSpace(text)), err
}

// script returns the commands of a block, with servers in the background.
func (r *Reader) script(block Block) string {
	text := block.Text
	if block.Language == "console" {
		text, _ = split(text)
	}
	if r.Replaced != nil {
		text = r.Replaced.Replace(text)
	}
	if r.Address != "" {
		text = strings.ReplaceAll(text, address, r.Address)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = servers.ReplaceAllString(line, "${1}serve ${2}")
	}
	return strings.Join(lines, "\n")
}

// split returns the commands of a session, and what the page shows that they print.
func split(session string) (commands, shown string) {
	more := false
	for line := range strings.Lines(session) {
		command, prompt := strings.CutPrefix(line, "$ ")
		switch {
		case prompt || more:
			commands += command
			more = strings.HasSuffix(command, "\\\n")
		default:
			shown += line
		}
	}
	return commands, shown
}

// What differs from run to run: a release's version, and what the page leaves out.
var varies = regexp.MustCompile(`[0-9]+\\\.[0-9]+\\\.[0-9]+(-rc\\\.[0-9]+)?\b|…`)

// shown returns what matches the output that the page shows, nil if it shows none.
func shown(block Block) *regexp.Regexp {
	if block.Language != "console" {
		return nil
	}
	_, text := split(block.Text)
	return regexp.MustCompile(varies.ReplaceAllString(regexp.QuoteMeta(strings.TrimSpace(text)), `[^\n]+`))
}
