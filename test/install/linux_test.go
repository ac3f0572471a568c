//go:build e2e

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A manager is a package manager that works in a root folder.
type manager struct {
	extension       string
	prepare         func(t *testing.T, root string)
	install, remove []string // where ROOT stands for the folder; the package comes last
	purge           []string // removes what remove keeps, where the manager knows of it
	version         []string // prints the version that is installed
	older, newer    string   // the versions as the manager writes them
	keptConfig      string   // where a changed configuration is after removal
}

var managers = map[string]manager{
	"dpkg": {
		extension: ".deb",
		prepare: func(t *testing.T, root string) {
			for _, file := range []string{"status", "available", "info/format", "updates/.keep"} {
				write(t, filepath.Join(root, "var/lib/dpkg", file), "")
			}
			write(t, filepath.Join(root, "var/lib/dpkg/info/format"), "1\n")
		},
		install:    []string{"dpkg", "--root=ROOT", "--install"},
		remove:     []string{"dpkg", "--root=ROOT", "--remove", "glide"},
		purge:      []string{"dpkg", "--root=ROOT", "--purge", "glide"},
		version:    []string{"dpkg-query", "--admindir=ROOT/var/lib/dpkg", "-W", "-f", "${Version}", "glide"},
		older:      "0.7.0~rc.9-1",
		newer:      "0.7.0-1",
		keptConfig: "etc/glide/config.yaml",
	},
	"pacman": {
		extension: ".pkg.tar.zst",
		prepare: func(t *testing.T, root string) {
			for _, dir := range []string{"var/lib/pacman", "var/cache"} {
				if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		},
		install:    slices.Concat(pacman, []string{"--nodeps", "--nodeps", "--upgrade"}),
		remove:     slices.Concat(pacman, []string{"--remove", "glide"}),
		version:    slices.Concat(pacman, []string{"--query"}),
		older:      "glide 0.7.0rc9-1\n",
		newer:      "glide 0.7.0-1\n",
		keptConfig: "etc/glide/config.yaml.pacsave",
	},
	"rpm": {
		extension:  ".rpm",
		prepare:    func(t *testing.T, root string) { run(t, root, "rpm", "--root="+root, "--initdb") },
		install:    []string{"rpm", "--root=ROOT", "--nodeps", "--upgrade"},
		remove:     []string{"rpm", "--root=ROOT", "--erase", "glide"},
		version:    []string{"rpm", "--root=ROOT", "-q", "--qf", "%{VERSION}-%{RELEASE}", "glide"},
		older:      "0.7.0~rc.9-1",
		newer:      "0.7.0-1",
		keptConfig: "etc/glide/config.yaml.rpmsave",
	},
}

// pacman is the manager in a root folder, with none of this machine's settings.
var pacman = []string{
	"pacman", "--root=ROOT", "--dbpath=ROOT/var/lib/pacman", "--cachedir=ROOT/var/cache", "--hookdir=ROOT/hooks",
	"--gpgdir=ROOT/gpg", "--logfile=ROOT/var/pacman.log", "--config=/dev/null", "--noconfirm",
}

// Install a candidate, chat through it, upgrade it to the release, chat, remove.
func TestLinuxPackages(t *testing.T) {
	for name, m := range managers {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			addShell(t, root)
			m.prepare(t, root)
			in := func(command []string, args ...string) string {
				t.Helper()
				var words []string
				for _, word := range command {
					words = append(words, strings.ReplaceAll(word, "ROOT", root))
				}
				return run(t, root, words[0], append(words[1:], args...)...)
			}

			in(m.install, installer(t, older, m.extension))
			if got := in(m.version); got != m.older {
				t.Errorf("installed %s, want %s", got, m.older)
			}
			// As an administrator does, and here for a port that is free.
			config := filepath.Join(root, "etc/glide/config.yaml")
			changed := strings.Replace(read(t, config), "127.0.0.1:9099", "127.0.0.1:0", 1)
			write(t, config, changed)
			chat(t, service(t, root)...)

			// To the manager it is no step back.
			if output := in(m.install, installer(t, newer, m.extension)); strings.Contains(output, "downgrad") {
				t.Errorf("to the manager the release is older than its candidate:\n%s", output)
			}
			if got := in(m.version); got != m.newer {
				t.Errorf("upgraded to %s, want %s", got, m.newer)
			}
			if got := run(t, root, "chroot", root, "/usr/bin/glide", "--version"); got != "glide "+newer+"\n" {
				t.Errorf("the program says %q", got)
			}
			if read(t, config) != changed {
				t.Error("the upgrade changed the configuration")
			}
			chat(t, service(t, root)...)

			in(m.remove)
			for _, file := range []string{"usr/bin/glide", "usr/lib/systemd/system/glide.service", "usr/share/man/man1/glide.1.gz"} {
				if exists(filepath.Join(root, file)) {
					t.Errorf("%s is still there", file)
				}
			}
			if read(t, filepath.Join(root, m.keptConfig)) != changed {
				t.Error("the removal lost the configuration")
			}
			if m.purge != nil {
				in(m.purge)
			} else if err := os.Remove(filepath.Join(root, m.keptConfig)); err != nil {
				t.Fatal(err)
			}
			if left := named(t, root, "glide"); len(left) > 0 {
				t.Errorf("removed, there still is %q", left)
			}
		})
	}
}

// named returns the files below a root folder that have a word in their paths, but for empty folders.
func named(t *testing.T, root, word string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if name := strings.TrimPrefix(path, root); err == nil && !entry.IsDir() && strings.Contains(name, word) {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A package of an older version is none to upgrade to.
func TestDowngrade(t *testing.T) {
	root := t.TempDir()
	addShell(t, root)
	run(t, root, "rpm", "--root="+root, "--initdb")
	upgrade := []string{"--root=" + root, "--nodeps", "--upgrade"}
	run(t, root, "rpm", append(upgrade, installer(t, newer, ".rpm"))...)
	cmd := exec.CommandContext(t.Context(), "rpm", append(upgrade, installer(t, older, ".rpm"))...)
	if output, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(output), "which is newer than") {
		t.Errorf("rpm upgrades to the candidate: %v\n%s", err, output)
	}
	run(t, root, "rpm", append(upgrade, "--oldpackage", installer(t, older, ".rpm"))...)
	versions := []string{
		run(t, "/", "dpkg-deb", "--field", installer(t, older, ".deb"), "Version"),
		run(t, "/", "dpkg-deb", "--field", installer(t, newer, ".deb"), "Version"),
	}
	run(t, "/", "dpkg", "--compare-versions", strings.TrimSpace(versions[0]), "lt", strings.TrimSpace(versions[1]))
}

// The unit is one that systemd takes, and keeps from the system what a gateway doesn't need.
func TestUnit(t *testing.T) {
	root := t.TempDir()
	run(t, root, "dpkg-deb", "--extract", installer(t, newer, ".deb"), root)
	unit := filepath.Join(root, "usr/lib/systemd/system/glide.service")
	output := run(t, root, "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)
	if !strings.Contains(output, "Overall exposure level") {
		t.Errorf("systemd-analyze said\n%s", output)
	}
	// Elsewhere than in /usr the program isn't found; everything else must be right.
	cmd := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
	messages, _ := cmd.CombinedOutput()
	for line := range strings.Lines(string(messages)) {
		if strings.Contains(line, "glide.service") && !strings.Contains(line, "/usr/bin/glide is not executable") {
			t.Error(line)
		}
	}
}

func TestLint(t *testing.T) {
	t.Run("lintian", func(t *testing.T) {
		output := run(t, "/", "lintian", "--allow-root", "--fail-on", "error,warning,info", installer(t, newer, ".deb"))
		if strings.TrimSpace(output) != "" {
			t.Error(output)
		}
	})
	t.Run("rpmlint", func(t *testing.T) {
		filters, err := filepath.Abs("testdata/rpmlint.toml")
		if err != nil {
			t.Fatal(err)
		}
		// rpmlint unpacks a package by cpio, which would write to /usr and /etc of this machine.
		programs := t.TempDir()
		cpio := "#!/bin/sh\nexec /usr/bin/cpio --no-absolute-filenames \"$@\"\n"
		if err := os.WriteFile(filepath.Join(programs, "cpio"), []byte(cpio), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
		output := run(t, "/", "rpmlint", "--config", filters, installer(t, newer, ".rpm"))
		if !strings.Contains(output, "0 errors, 0 warnings") {
			t.Error(output)
		}
	})
}

// service returns the command by which the unit starts the gateway, in the root folder.
func service(t *testing.T, root string) []string {
	t.Helper()
	for line := range strings.Lines(read(t, filepath.Join(root, "usr/lib/systemd/system/glide.service"))) {
		if command, ok := strings.CutPrefix(line, "ExecStart="); ok {
			return append([]string{"chroot", root}, strings.Fields(command)...)
		}
	}
	t.Fatal("the unit starts nothing")
	return nil
}

// addShell puts a shell into a root folder, for the scripts of packages.
func addShell(t *testing.T, root string) {
	t.Helper()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "bin", "sh"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
}
