package script

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

const version = "1.2.3"

// shells returns the shells of this machine that the script must run in.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{"sh": {"sh"}}
	for name, command := range map[string][]string{"dash": {"dash"}, "bash": {"bash", "--posix"}, "busybox": {"busybox", "sh"}} {
		if path, err := exec.LookPath(command[0]); err == nil {
			found[name] = append([]string{path}, command[1:]...)
		}
	}
	return found
}

// A mirror is a folder of a release, and who serves it.
type mirror struct {
	*httptest.Server
	files   map[string][]byte
	archive string
}

// serve serves a release for this machine, whose program prints its version.
func serve(t *testing.T) *mirror {
	t.Helper()
	name := fmt.Sprintf("glide_%s_%s_%s", version, runtime.GOOS, runtime.GOARCH)
	var archive bytes.Buffer
	gz := gzip.NewWriter(&archive)
	w := tar.NewWriter(gz)
	for path, content := range map[string]string{
		"glide":                   "#!/bin/sh\necho glide " + version + "\n",
		"LICENSE":                 "licence",
		"THIRD_PARTY_NOTICES.txt": "notices",
		"completions/_glide":      "zsh",
		"completions/glide.bash":  "bash",
		"completions/glide.fish":  "fish",
		"man/glide.1":             "page",
		"man/glide-serve.1":       "page",
	} {
		if err := w.WriteHeader(&tar.Header{Name: name + "/" + path, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	m := &mirror{archive: name + ".tar.gz", files: map[string][]byte{}}
	m.files[m.archive] = archive.Bytes()
	m.files["SHA256SUMS"] = fmt.Appendf(nil, "%x  other.tar.gz\n%x  %s\n", sha256.Sum256(nil), sha256.Sum256(archive.Bytes()), m.archive)
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := m.files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if content == nil {
			// The connection breaks in the middle.
			w.Header().Set("Content-Length", fmt.Sprint(archive.Len()))
			_, _ = w.Write(archive.Bytes()[:archive.Len()/2])
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(m.Close)
	return m
}

// script writes the script for this machine's target.
func script(t *testing.T, targets ...tree.Target) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := Write(&pack.Kit{Tree: &tree.Tree{Version: version}}, targets, dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, File)
}

// run runs the script in a shell, with more programs on the PATH, and returns what it printed.
func run(t *testing.T, shell []string, programs, script string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell[0], append(append(shell[1:len(shell):len(shell)], script), args...)...)
	cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"))
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// files returns the regular files below a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var here = tree.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}

func TestInstall(t *testing.T) {
	m := serve(t)
	for name, shell := range shells(t) {
		t.Run(name, func(t *testing.T) {
			prefix := t.TempDir()
			install := script(t, here)
			list, old := filepath.Join(prefix, "share", "glide", "installed"), filepath.Join(prefix, "bin", "glide-old")
			// The second time is an upgrade, of a version that had one more program.
			for range 2 {
				output, err := run(t, shell, "", install, "--from", m.URL+"/", "--prefix", prefix)
				if err != nil {
					t.Fatalf("%v\n%s", err, output)
				}
				if want := "installed glide " + version + " to " + prefix + "/bin/glide"; !strings.Contains(output, want) {
					t.Errorf("printed %q, want %q", output, want)
				}
				if _, err := os.Stat(old); err == nil {
					t.Error("a program of the older version is left")
				}
				installed, err := os.ReadFile(list)
				if err != nil || bytes.Contains(installed, []byte("glide-old")) {
					t.Errorf("installed %q, %v", installed, err)
				}
				if err := errors.Join(os.WriteFile(list, append(installed, "bin/glide-old\n"...), 0o644), os.WriteFile(old, nil, 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			printed, err := exec.CommandContext(t.Context(), filepath.Join(prefix, "bin", "glide")).Output()
			if err != nil || string(printed) != "glide "+version+"\n" {
				t.Errorf("glide printed %q, %v", printed, err)
			}
			if found := files(t, prefix); len(found) != 10 { // with that program
				t.Errorf("installed %q", found)
			}
			other := filepath.Join(prefix, "share", "man", "man1", "other.1")
			if err := os.WriteFile(other, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if output, err := run(t, shell, "", install, "--uninstall", "--prefix", prefix); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if found := files(t, prefix); len(found) != 1 || found[0] != "share/man/man1/other.1" {
				t.Errorf("uninstall left %q", found)
			}
			output, err := run(t, shell, "", install, "--uninstall", "--prefix", prefix)
			if err == nil || !strings.Contains(output, "nothing is installed below "+prefix) {
				t.Errorf("second uninstall: %v, %q", err, output)
			}
		})
	}
}

// Whatever comes over the network, nothing is installed if it isn't the release.
func TestRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*mirror)
		args  []string
		want  string
	}{
		"truncated": {spoil: func(m *mirror) { m.files[m.archive] = nil }, want: "cannot be downloaded"},
		"short": {
			spoil: func(m *mirror) { m.files[m.archive] = m.files[m.archive][:100] },
			want:  "but SHA256SUMS says",
		},
		"tampered": {
			spoil: func(m *mirror) { m.files[m.archive] = append(m.files[m.archive], 0) },
			want:  "do not use the file",
		},
		"missing":       {spoil: func(m *mirror) { delete(m.files, m.archive) }, want: "cannot be downloaded; check the version"},
		"no sums":       {spoil: func(m *mirror) { delete(m.files, "SHA256SUMS") }, want: "SHA256SUMS cannot be downloaded"},
		"no sum":        {spoil: func(m *mirror) { m.files["SHA256SUMS"] = []byte("0  other\n") }, want: "has no sum of"},
		"other version": {spoil: func(*mirror) {}, args: []string{"--version", "v9.9.9"}, want: "9.9.9"},
		"argument":      {spoil: func(*mirror) {}, args: []string{"--frobnicate"}, want: "unknown argument --frobnicate"},
		"value":         {spoil: func(*mirror) {}, args: []string{"--version"}, want: "--version needs a value"},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t)
			tc.spoil(m)
			for shellName, shell := range shells(t) {
				prefix := t.TempDir()
				output, err := run(t, shell, "", script(t, here), append([]string{"--from", m.URL, "--prefix", prefix}, tc.args...)...)
				if err == nil || !strings.Contains(output, tc.want) {
					t.Errorf("%s: got %v, %q, want %q", shellName, err, output, tc.want)
				}
				if found := files(t, prefix); len(found) > 0 {
					t.Errorf("%s: left %q", shellName, found)
				}
			}
		})
	}
}

// With cosign there, an unsigned release and one that another signed are refused. cosign is told who signs
// this very version.
func TestSignature(t *testing.T) {
	const signer = pack.Signer + `1\.2\.3$`
	for identity, signs := range map[string]bool{
		"https://github.com/EinStack/glide/.github/workflows/release.yml@refs/tags/v1.2.3":                              true,
		"https://github.com/einstack/glide/.github/workflows/release.yml@refs/tags/v1.2.3":                              true,
		"https://github.com/einstack/glide/.github/workflows/Release.yml@refs/tags/v1.2.3":                              false,
		"https://github.com/einstack/glide/.github/workflows/release.yml@refs/tags/v1.2.3-rc.1":                         false,
		"https://github.com/einstack/glide/.github/workflows/release.yml@refs/heads/v1.2.3":                             false,
		"https://github.com/mallory/glide/.github/workflows/release.yml@refs/tags/v1.2.3":                               false,
		"https://github.com/einstack/glide/.github/workflows/check.yml@refs/tags/v1.2.3":                                false,
		"https://github.com/mallory/x?https://github.com/einstack/glide/.github/workflows/release.yml@refs/tags/v1.2.3": false,
	} {
		if regexp.MustCompile(signer).MatchString(identity) != signs {
			t.Errorf("%s signs: %t", identity, !signs)
		}
	}
	for name, tc := range map[string]struct {
		cosign string
		signed bool
		want   string
	}{
		"good":     {"[ \"$1\" = verify-blob ] && grep -q SHA256SUMS.sig* \"$4\" && [ \"$5 $6\" = '--certificate-identity-regexp " + signer + "' ] || exit 3", true, "installed glide"},
		"unsigned": {"exit 0", false, "SHA256SUMS.sigstore.json cannot be downloaded"},
		"forged":   {"echo no matching signatures >&2; exit 1", true, "is not the release's: no matching signatures"},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t)
			if tc.signed {
				m.files["SHA256SUMS.sigstore.json"] = []byte("SHA256SUMS.sig")
			}
			programs := t.TempDir()
			if err := os.WriteFile(filepath.Join(programs, "cosign"), []byte("#!/bin/sh\n"+tc.cosign+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			prefix := t.TempDir()
			output, _ := run(t, []string{"sh"}, programs, script(t, here), "--from", m.URL, "--prefix", prefix)
			if !strings.Contains(output, tc.want) {
				t.Errorf("printed %q, want %q", output, tc.want)
			}
			if _, err := os.Stat(filepath.Join(prefix, "bin", "glide")); (err == nil) != (name == "good") {
				t.Errorf("installed: %v", err)
			}
		})
	}
}

// A system that no release is for, and a folder that can't be written.
func TestRefusesPlace(t *testing.T) {
	m := serve(t)
	output, err := run(t, []string{"sh"}, "", script(t, tree.Target{OS: "plan9", Arch: "mips"}), "--from", m.URL, "--prefix", t.TempDir())
	if err == nil || !strings.Contains(output, "there is no release for ") {
		t.Errorf("got %v, %q", err, output)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	output, err = run(t, []string{"sh"}, "", script(t, here), "--from", m.URL, "--prefix", file)
	if err == nil || !strings.Contains(output, "no permission to write to "+file) {
		t.Errorf("got %v, %q", err, output)
	}
}
