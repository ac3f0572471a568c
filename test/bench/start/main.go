// Command start measures how long newcomers wait for Glide: by Docker Compose with the image there, by
// Nix with all built, and by Go from a fresh clone with nothing compiled and no module downloaded. It is
// `make bench-start`.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/einstack/glide/test/bench"
	"github.com/einstack/glide/test/port"
	"github.com/einstack/glide/test/repo"
)

// rounds is how often all but the slowest is measured; medians count.
const rounds = 5

func main() { bench.Main(measure) }

func measure(ctx context.Context, scratch string) error {
	clone := filepath.Join(scratch, "glide")
	if err := bench.Run(ctx, scratch, nil, "git", "clone", "--quiet", repo.Root(), clone); err != nil {
		return err
	}
	fmt.Println("| figure | goal | measured |")
	fmt.Println("|---|---|---|")
	for _, figure := range []struct {
		name, goal string
		measure    func(ctx context.Context, scratch, clone string) (time.Duration, error)
	}{
		{"`docker compose up` to the first chat, with the image there", "≤ 5 s", compose},
		{"`nix run` to listening, with all built", "≤ 1 s", nix},
		{"`make run` in a fresh clone to the first chat, with no module and nothing compiled", "≤ 90 s", cold},
	} {
		measured, err := figure.measure(ctx, scratch, clone)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s | %.1f s |\n", figure.name, figure.goal, measured.Seconds())
	}
	return nil
}

// compose starts the demo in the lab's engine.
func compose(ctx context.Context, scratch, clone string) (took time.Duration, err error) {
	image := filepath.Join(scratch, "image.tar")
	if err := repo.Build(ctx, clone, "image-distroless-amd64", image); err != nil {
		return 0, err
	}
	if err := repo.Lab("up", "docker").Run(); err != nil {
		return 0, fmt.Errorf("lab up docker: %w", err)
	}
	defer func() { err = errors.Join(err, repo.Lab("down").Run()) }()
	loaded, err := repo.Lab("exec", "docker", "load", "--quiet", "--input", image).Output()
	if err != nil {
		return 0, fmt.Errorf("docker load: %w", err)
	}
	name := regexp.MustCompile(`Loaded image: (\S+)`).FindSubmatch(loaded)
	if name == nil {
		return 0, fmt.Errorf("docker load named no image: %s", loaded)
	}
	// The clock is this program's; the script ends with the first answer.
	script := `cd "$0"; export GLIDE_IMAGE="$1"
docker compose up --no-log-prefix > /dev/null 2>&1 &
until curl --fail --silent --output /dev/null http://127.0.0.1:9099/v1/chat/completions --header 'Content-Type: application/json' \
  --data '{"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}'; do kill -0 $!; sleep 0.02; done`
	demo := filepath.Join(clone, "demo")
	var times []time.Duration
	for range rounds {
		begin := time.Now()
		if output, err := repo.Lab("exec", "bash", "-euc", script, demo, string(name[1])).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("docker compose up: %w\n%s", err, output)
		}
		times = append(times, time.Since(begin))
		if output, err := repo.Lab("exec", "docker", "compose", "--project-directory", demo, "down").CombinedOutput(); err != nil {
			return 0, fmt.Errorf("docker compose down: %w\n%s", err, output)
		}
	}
	return bench.Median(times), nil
}

// nix starts the gateway by Nix, once before it counts.
func nix(ctx context.Context, _, clone string) (time.Duration, error) {
	var times []time.Duration
	for range 1 + rounds {
		waited, err := start(ctx, clone, nil, "GET", "/v1/health/ready", "nix/host/nix-host", "run", ".")
		if err != nil {
			return 0, err
		}
		times = append(times, waited)
	}
	return bench.Median(times[1:]), nil
}

// cold starts the gateway as someone does who has Go and nothing else.
func cold(ctx context.Context, scratch, _ string) (time.Duration, error) {
	fresh := filepath.Join(scratch, "fresh")
	begin := time.Now()
	if err := bench.Run(ctx, scratch, nil, "git", "clone", "--quiet", repo.Root(), fresh); err != nil {
		return 0, err
	}
	cloned := time.Since(begin)
	env := []string{"GOMODCACHE=" + filepath.Join(scratch, "modules"), "GOCACHE=" + filepath.Join(scratch, "cache"), "MAKEFLAGS="}
	waited, err := start(ctx, fresh, env, "POST", "/v1/chat/completions", "make", "run")
	return cloned + waited, err
}

// start runs a gateway and returns how long it took until it answered a request; then it ends the gateway.
func start(ctx context.Context, dir string, env []string, method, path string, command ...string) (time.Duration, error) {
	address, err := port.Free()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(command[0], command[1:]...)
	if strings.Contains(command[0], "/") {
		cmd.Path = filepath.Join(dir, command[0])
	}
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GLIDE_ADDR="+address), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = cmd.Wait()
	}()
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		<-ended
	}()
	for tick := time.Tick(2 * time.Millisecond); ; {
		if answers(ctx, method, "http://"+address+path) {
			return time.Since(begin), nil
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-ended:
			return 0, fmt.Errorf("%s ended: %v\n%s", strings.Join(command, " "), err, &log)
		}
	}
}

// answers tells whether a gateway answers a request, which is a chat if it is a POST.
func answers(ctx context.Context, method, url string) bool {
	body := `{"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}`
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
