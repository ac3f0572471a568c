// Command build measures what building Glide costs, each figure beside what it is held against, on
// the same machine in the same run. It is `make bench-build`.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/bench"
	"github.com/einstack/glide/test/port"
)

func main() {
	flag.Parse()
	bench.Main(measure)
}

func measure(ctx context.Context, scratch string) error {
	source, err := tree.Find(".")
	if err != nil {
		return err
	}
	parts := []part{{"start", starts}, {"release", releases}, {"nix", builds}}
	fmt.Println("| figure | goal | measured |")
	fmt.Println("|---|---|---|")
	for _, part := range parts {
		if *only != "" && *only != part.name {
			continue
		}
		if err := part.measure(ctx, source, scratch); err != nil {
			return err
		}
	}
	return nil
}

// A part is figures that belong together.
type part struct {
	name    string
	measure func(ctx context.Context, source *tree.Tree, scratch string) error
}

var only = flag.String("only", "", "measure this part alone: start, release or nix")

func row(figure, goal, format string, args ...any) {
	fmt.Printf("| %s | %s | %s |\n", figure, goal, fmt.Sprintf(format, args...))
}

// builds compares Nix with a loop of go build over all targets, both with empty build caches but
// with the modules and the toolchain there, and then Nix after a change of one line with both.
func builds(ctx context.Context, source *tree.Tree, scratch string) error {
	checkout := filepath.Join(scratch, "checkout")
	if err := bench.Run(ctx, source.Dir, nil, "git", "clone", "-q", source.Dir, checkout); err != nil {
		return err
	}
	store := "NIX_HOST_ROOT=" + filepath.Join(scratch, "nix")
	nix := func(args ...string) (time.Duration, error) {
		return timed(func() error {
			return bench.Run(ctx, checkout, []string{store}, filepath.Join(checkout, "nix/host/nix-host"), args...)
		})
	}
	if _, err := nix("build", "--no-link", ".#glide-linux-amd64.goModules", ".#glide-linux-amd64.go"); err != nil {
		return err
	}
	cold, err := nix("build", "--no-link", ".#binaries")
	if err != nil {
		return err
	}

	g, err := dist.NewGo(ctx, source.Go)
	if err != nil {
		return err
	}
	out := filepath.Join(scratch, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	loop, err := timed(func() error {
		for _, target := range source.Matrix.Built() {
			args, env := dist.BuildArgs(source, target)
			env = append(env, "GOCACHE="+filepath.Join(scratch, "cache"))
			args = slices.Insert(args, 1, "-o", filepath.Join(out, target.Binary()))
			if _, err := g.Run(ctx, source.Dir, env, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	row("all binaries by Nix, cold, to a loop of go build", "≤ 1.15", "%.2f (%.0f s to %.0f s)", cold.Seconds()/loop.Seconds(), cold.Seconds(), loop.Seconds())

	change, err := os.OpenFile(filepath.Join(checkout, "internal/gateway/bench.go"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	fmt.Fprintln(change, "package gateway\n\nfunc init() { println() }")
	if err := change.Close(); err != nil {
		return err
	}
	if err := bench.Run(ctx, checkout, nil, "git", "add", "-A"); err != nil {
		return err
	}
	warm, err := nix("build", "--no-link", ".#binaries")
	if err != nil {
		return err
	}
	row("all binaries by Nix after a change in internal/gateway, to cold", "≤ 0.25", "%.2f (%.0f s)", warm.Seconds()/cold.Seconds(), warm.Seconds())

	evaluation, err := nix("flake", "check", "--all-systems", "--no-build")
	if err != nil {
		return err
	}
	row("evaluation of the flake for all systems", "≤ 5 s", "%.1f s", evaluation.Seconds())
	return nil
}

// starts measures the binary itself: its size, how soon it answers, and its memory when idle.
func starts(ctx context.Context, source *tree.Tree, scratch string) error {
	target, err := source.Matrix.Target(runtime.GOOS + "/" + runtime.GOARCH)
	if err != nil {
		return err
	}
	g, err := dist.NewGo(ctx, source.Go)
	if err != nil {
		return err
	}
	built, err := dist.Build(ctx, g, source, target, scratch)
	if err != nil {
		return err
	}
	row("size of the binary for "+target.String(), "≤ 20 MB", "%.1f MB", float64(built.Size)/1e6)

	const runs = 20
	var answers []time.Duration
	var memory []int
	for range runs {
		answer, resident, err := start(ctx, built.Path)
		if err != nil {
			return err
		}
		answers = append(answers, answer)
		memory = append(memory, resident)
	}
	row(fmt.Sprintf("exec to the first answered chat, median of %d", runs), "≤ 30 ms", "%.1f ms", bench.Median(answers).Seconds()*1e3)
	row(fmt.Sprintf("resident memory when idle, median of %d", runs), "≤ 25 MB", "%.1f MB", float64(bench.Median(memory))/1e6)
	return nil
}

// start starts the gateway and returns how long it took to answer a chat request, and its resident
// memory after that in bytes.
func start(ctx context.Context, binary string) (answer time.Duration, resident int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	address, err := port.Free()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, binary, "serve", "--addr", address)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() { stop(); _ = cmd.Wait() }()

	body := `{"model": "default", "messages": [{"role": "user", "content": "Hello"}]}`
	for {
		response, err := http.Post("http://"+address+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			if time.Since(begin) > 10*time.Second {
				return 0, 0, err
			}
			continue
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return 0, 0, fmt.Errorf("chat request: %s", response.Status)
		}
		answer = time.Since(begin)
		break
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
			resident = kilobytes * 1024
		}
	}
	return answer, resident, nil
}

func timed(f func() error) (time.Duration, error) {
	begin := time.Now()
	err := f()
	return time.Since(begin), err
}
