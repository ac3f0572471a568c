package linuxpkg

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/kit"
)

var target = tree.Target{OS: "linux", Arch: "amd64"}

// Every kind has what its distribution looks for, at the distribution's own places.
func TestContents(t *testing.T) {
	k := kit.New(t, "1.2.3-rc.4")
	binary := kit.Binary(t, k, target)
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			entries, err := contents(k, kind, target)
			if err != nil {
				t.Fatal(err)
			}
			found := map[string]entry{}
			for _, e := range entries {
				found[e.Name] = e
			}
			want := map[string]fs.FileMode{
				"usr/bin/glide":                                  0o755,
				"etc/glide/config.yaml":                          0o644,
				"usr/share/man/man1/glide-serve.1.gz":            0o644,
				"usr/share/bash-completion/completions/glide":    0o644,
				"usr/share/fish/vendor_completions.d/glide.fish": 0o644,
				"usr/share/doc/glide/THIRD_PARTY_NOTICES.txt":    0o644,
			}
			switch kind {
			case "apk":
				want["etc/init.d/glide"] = 0o755
			default:
				want["usr/lib/systemd/system/glide.service"] = 0o644
			}
			switch kind {
			case "deb":
				want["usr/share/doc/glide/copyright"] = 0o644
				want["usr/share/doc/glide/changelog.Debian.gz"] = 0o644
				want["usr/share/zsh/vendor-completions/_glide"] = 0o644
			default:
				want["usr/share/licenses/glide/LICENSE"] = 0o644
				want["usr/share/zsh/site-functions/_glide"] = 0o644
			}
			for name, mode := range want {
				if e, ok := found[name]; !ok || e.Mode != mode {
					t.Errorf("/%s has the mode %v, want %v", name, e.Mode, mode)
				}
			}
			if !bytes.Equal(found["usr/bin/glide"].Content, binary) {
				t.Error("the program is not the binary")
			}
			if config := found["etc/glide/config.yaml"]; config.kind != "config|noreplace" {
				t.Errorf("the configuration is marked as %q", config.kind)
			}
		})
	}
}

// A package's bytes depend on what is in it alone, and its name on version and target.
func TestWrite(t *testing.T) {
	k := kit.New(t, "1.2.3-rc.4")
	kit.Binary(t, k, target)
	for kind, want := range map[string]string{
		"apk":       "glide_1.2.3-rc.4_linux_amd64.apk",
		"archlinux": "glide_1.2.3-rc.4_linux_amd64.pkg.tar.zst",
		"deb":       "glide_1.2.3-rc.4_linux_amd64.deb",
		"rpm":       "glide_1.2.3-rc.4_linux_amd64.rpm",
	} {
		var made [][]byte
		for range 2 {
			dir := t.TempDir()
			name, err := Write(k, kind, target, dir)
			if err != nil {
				t.Fatal(err)
			}
			if name != want || name != Name(k, kind, target) {
				t.Errorf("%s is %s, want %s", kind, name, want)
			}
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, content)
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Errorf("%s: a second package has other bytes", kind)
		}
	}
}

// An apk is gzipped tar archives, one after the other: what is installed has the source date and is
// root's, and the description has the version as Alpine sorts it.
func TestAPK(t *testing.T) {
	k, dir := kit.New(t, "1.2.3-rc.4"), t.TempDir()
	kit.Binary(t, k, target)
	name, err := Write(k, "apk", target, dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for r := tar.NewReader(unpacked); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		files++
		if header.Name == ".PKGINFO" {
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{
				"pkgname = glide", "pkgver = 1.2.3_rc4-r0", "arch = x86_64", "license = Apache-2.0",
				// The description is one line.
				"pkgdesc = LLM gateway that starts in one command anywhere\nurl = " + pack.Homepage,
			} {
				if !strings.Contains(string(text), line+"\n") {
					t.Errorf(".PKGINFO has no %q:\n%s", line, text)
				}
			}
			continue
		}
		if strings.HasPrefix(header.Name, ".") {
			continue
		}
		if header.Uname != "root" || header.Gname != "root" || !header.ModTime.Equal(k.Tree.Date) {
			t.Errorf("%s is of %s:%s at %s", header.Name, header.Uname, header.Gname, header.ModTime)
		}
	}
	if files < 10 {
		t.Errorf("%d files", files)
	}
}

// What can't be packaged is told, and leaves nothing.
func TestRefuses(t *testing.T) {
	k := kit.New(t, "1.2.3")
	arm64 := tree.Target{OS: "linux", Arch: "arm64"}
	// A binary for another architecture under the name of this one.
	content := kit.Binary(t, k, target)
	if err := os.WriteFile(filepath.Join(k.Binaries, arm64.Binary()), content, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind   string
		target tree.Target
		want   string
	}{
		{"deb", tree.Target{OS: "linux", Arch: "s390x"}, "the binary of linux/s390x is missing"},
		{"deb", arm64, "made for EM_X86_64, not for linux/arm64"},
		{"msi", target, `no package of kind "msi"`},
		{"deb", tree.Target{OS: "windows", Arch: "amd64"}, "windows/amd64: no package of kind"},
	} {
		dir := t.TempDir()
		if _, err := Write(k, tc.kind, tc.target, dir); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s of %s: %v, want %q", tc.kind, tc.target, err, tc.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	}
}
