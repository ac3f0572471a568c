package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/bench"
)

// goreleaser is the module of the program that release is compared with.
const goreleaser = "github.com/goreleaser/goreleaser/v2@v2.16.0"

// rounds is how often both are measured, in turns; medians count.
const rounds = 3

// releases compares release with GoReleaser: the same program for the same targets by the same compiler
// with the same flags, from one compile cache with all packages in it.
func releases(ctx context.Context, source *tree.Tree, scratch string) error {
	in := func(name string) string { return filepath.Join(scratch, name) }
	g, err := dist.NewGo(ctx, source.Go)
	if err != nil {
		return err
	}
	goroot, err := g.Run(ctx, source.Dir, nil, "env", "GOROOT")
	if err != nil {
		return err
	}
	if err := bench.Run(ctx, scratch, []string{"GOBIN=" + in("bin"), "CGO_ENABLED=0"}, "go", "install", goreleaser); err != nil {
		return err
	}
	// It wants a repository of git.
	clone := in("clone")
	if err := bench.Run(ctx, scratch, nil, "git", "clone", "--quiet", source.Dir, clone); err != nil {
		return err
	}
	if err := bench.Run(ctx, clone, nil, "go", "build", "-o", in("bin/release"), "./cmd/release"); err != nil {
		return err
	}
	release := func(command string, args ...string) error {
		return bench.Run(ctx, clone, nil, in("bin/release"), append([]string{command, "--out", in(command)}, args...)...)
	}
	// Both pack these, from the places that they have by default.
	for _, command := range []string{"docs", "licenses"} {
		if err := bench.Run(ctx, clone, nil, in("bin/release"), command); err != nil {
			return err
		}
	}
	config, err := json.Marshal(goreleaserConfig(source, in("goreleaser")))
	if err != nil {
		return err
	}
	if err := os.WriteFile(in("goreleaser.yaml"), config, 0o644); err != nil {
		return err
	}
	theirs := func(command string, args ...string) func() error {
		env := []string{"PATH=" + filepath.Join(strings.TrimSpace(string(goroot)), "bin") + ":" + os.Getenv("PATH"), "GOTOOLCHAIN=local"}
		args = append([]string{command, "--snapshot", "--clean", "--config", in("goreleaser.yaml")}, args...)
		return func() error { return bench.Run(ctx, clone, env, in("bin/goreleaser"), args...) }
	}
	build := func() error { return release("build") }
	pack := func() error {
		if err := build(); err != nil {
			return err
		}
		return release("archives", "--binaries", in("build"))
	}
	if err := compare("all binaries by `release build`, to `goreleaser build`", build, theirs("build")); err != nil {
		return err
	}
	if err := same(in("build"), in("goreleaser")); err != nil {
		return err
	}
	return compare("binaries, archives, sums and bills of materials, to `goreleaser release` without the last", pack, theirs("release", "--skip=announce,publish,sbom,sign"))
}

// compare prints what one costs against another, after each has run once.
func compare(figure string, ours, theirs func() error) error {
	var us, them costs
	for range rounds + 1 {
		if err := us.add(ours); err != nil {
			return err
		}
		if err := them.add(theirs); err != nil {
			return err
		}
	}
	a, b := us.median(), them.median()
	row(figure, "≤ 1.0", "%.2f (%.1f s to %.1f s)", a.wall/b.wall, a.wall, b.wall)
	row("the same in time of processors", "≤ 1.0", "%.2f (%.1f s to %.1f s)", a.cpu/b.cpu, a.cpu, b.cpu)
	return nil
}

// costs are times in seconds, and times of processors, which other work on the machine changes less.
type costs struct{ wall, cpu []float64 }

func (c *costs) add(run func() error) error {
	before, err := children()
	if err != nil {
		return err
	}
	wall, err := timed(run)
	if err != nil {
		return err
	}
	after, err := children()
	c.wall, c.cpu = append(c.wall, wall.Seconds()), append(c.cpu, (after-before).Seconds())
	return err
}

// median leaves the first out, in which there is more to do.
func (c *costs) median() struct{ wall, cpu float64 } {
	return struct{ wall, cpu float64 }{bench.Median(c.wall[1:]), bench.Median(c.cpu[1:])}
}

// children returns how long processors have worked for programs that this one ran.
func children() (time.Duration, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err
}

// same fails unless both made the same binaries.
func same(ours, theirs string) error {
	sums, err := dist.ReadSums(ours)
	if err != nil {
		return err
	}
	for name, want := range sums {
		got, _, err := dist.Sum(filepath.Join(theirs, name))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("GoReleaser made another %s, so the comparison is not fair", name)
		}
	}
	return nil
}

// goreleaserConfig returns GoReleaser's configuration for what release makes, to write to a folder.
func goreleaserConfig(source *tree.Tree, out string) map[string]any {
	type object = map[string]any
	const name = "{{ .Os }}-{{ .Arch }}{{ with .Arm }}v{{ . }}{{ end }}"
	fill := strings.NewReplacer("{version}", "{{ .Version }}", "{target}", name)
	var targets, env []string
	for _, target := range source.Matrix.Built() {
		arch := target.Arch
		if target.ARM != "" {
			arch += "_" + target.ARM
		}
		targets = append(targets, target.OS+"_"+arch)
	}
	for name, value := range source.Matrix.Build.Env {
		env = append(env, name+"="+value)
	}
	return object{
		"version":      2,
		"project_name": "glide",
		"dist":         out,
		"snapshot":     object{"version_template": source.Version},
		"builds": []object{{
			"main":               source.Matrix.Build.Package,
			"binary":             "glide-" + name,
			"no_unique_dist_dir": true,
			"env":                env,
			"flags":              source.Matrix.Build.Flags,
			"ldflags":            []string{fill.Replace(strings.Join(source.Matrix.Build.LDFlags, " "))},
			"targets":            targets,
		}},
		"archives": []object{{
			"formats":           []string{"tar.gz"},
			"format_overrides":  []object{{"goos": "windows", "formats": []string{"zip"}}},
			"name_template":     "glide-{{ .Version }}-" + name,
			"wrap_in_directory": true,
			"files":             []string{"LICENSE", "dist/docs/**/*", "dist/licenses/**/*"},
		}},
	}
}
