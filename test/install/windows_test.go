//go:build e2e

package install

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// The programs for Windows run there, and elsewhere in wine, which knows those of 64 bits.
func TestWindows(t *testing.T) {
	command, archs := []string{repo.Lab().Path, "wine"}, []string{"amd64"}
	if runtime.GOOS == "windows" {
		command, archs = nil, []string{"amd64", "386"}
	}
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range archs {
		t.Run(arch, func(t *testing.T) {
			dir := t.TempDir()
			target := tree.Target{OS: "windows", Arch: arch}
			binary := filepath.Join(dir, target.Binary())
			args, env := dist.BuildArgs(source, target)
			if _, err := dist.InstalledGo(source.Go).Run(t.Context(), source.Dir, env, slices.Insert(args, 1, "-o", binary)...); err != nil {
				t.Fatal(err)
			}
			// wine too works in the folder of the program.
			t.Chdir(dir)
			program := append(slices.Clip(command), binary)
			output := func(args ...string) string {
				t.Helper()
				words := append(slices.Clip(program), args...)
				text, err := exec.CommandContext(t.Context(), words[0], words[1:]...).Output()
				if err != nil {
					t.Fatalf("%q: %v\n%s", words, err, text)
				}
				return string(text)
			}
			got := output("version")
			if !strings.HasPrefix(got, "glide "+source.Version+" ") || !strings.Contains(got, target.String()) {
				t.Errorf("the program says it is %q, of %s", got, target)
			}
			write(t, filepath.Join(dir, "glide.yaml"), strings.Replace(output("config", "default"), "127.0.0.1:9099", "127.0.0.1:0", 1))
			if got := output("config", "check", "glide.yaml"); got != "glide.yaml: ok\n" {
				t.Errorf("its configuration is %q", got)
			}
			words := append(program, "serve", "--config", "glide.yaml")
			cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
			interruptible(cmd)
			chatBy(t, cmd, func() error { return interrupt(cmd) })
		})
	}
}
