// Command installers measures what packing a release costs, from binaries that are there, and how long
// install.sh takes from a mirror on the loopback. It is `make bench-installers`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/bench"
)

// Goals of the figures, on 2 cores.
const (
	packGoal    = 45 * time.Second
	installGoal = 2 * time.Second
)

func main() { bench.Main(measure) }

func measure(ctx context.Context, scratch string) error {
	source, err := tree.Find(".")
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(scratch, name) }
	if _, err := timed(ctx, source.Dir, "go", "build", "-o", in("release"), "./cmd/release"); err != nil {
		return err
	}
	release := func(command string, args ...string) (cost, error) {
		return timed(ctx, source.Dir, in("release"), append([]string{command, "--out", in(command)}, args...)...)
	}
	for _, command := range []string{"build", "docs", "licenses"} {
		if _, err := release(command); err != nil {
			return err
		}
	}
	made := []string{"--binaries", in("build"), "--docs", in("docs"), "--licenses", in("licenses")}
	archives, err := release("archives", made...)
	if err != nil {
		return err
	}
	installers, err := release("installers", append(made, "--archives", in("archives"))...)
	if err != nil {
		return err
	}

	fmt.Printf("| figure on %d cores | goal | measured |\n|---|---|---|\n", runtime.NumCPU())
	packing := cost{archives.wall + installers.wall, archives.cpu + installers.cpu}
	over := row("archives and installers of all targets, from binaries", packGoal, packing)
	if target, err := source.Matrix.Target(runtime.GOOS + "/" + runtime.GOARCH); err == nil {
		mirror := httptest.NewServer(http.FileServer(http.Dir(in("archives"))))
		defer mirror.Close()
		spent, err := timed(ctx, scratch, "sh", filepath.Join(in("installers"), "install.sh"), "--from", mirror.URL, "--prefix", in("prefix"))
		if err != nil {
			return err
		}
		over = row("install.sh on "+target.String()+", from a mirror on the loopback", installGoal, spent) || over
	}
	if over {
		return fmt.Errorf("beyond a goal")
	}
	return nil
}

// A cost is what a command took: time, and time of processors, which other work on the machine
// doesn't change.
type cost struct {
	wall, cpu time.Duration
}

// row prints a figure and tells whether it is beyond its goal.
func row(figure string, goal time.Duration, measured cost) bool {
	fmt.Printf("| %s | ≤ %s | %.1f s, of processors %.1f s |\n", figure, goal, measured.wall.Seconds(), measured.cpu.Seconds())
	return measured.wall > goal
}

func timed(ctx context.Context, dir, name string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	start := time.Now()
	if output, err := cmd.CombinedOutput(); err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", cmd, err, bytes.TrimSpace(output))
	}
	return cost{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}
