//go:build e2e

package install

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/script"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/kit"
	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/repo"
)

// sh is a block of what a test types beside the pages.
func sh(text string) page.Block { return page.Block{Page: "test", Language: "sh", Text: text} }

// On a machine with systemd an administrator does what the pages say: installs Glide in each way that
// such a machine has, and runs it as a service.
func TestPages(t *testing.T) {
	root, admin := boot(t, "github.com mirror", releases(t))
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	admin.Replaced = strings.NewReplacer(source.Version, newer, "0.1.0", older, "linux_amd64", host.OS+"_"+host.Arch)

	blocks := page.Shell(t, "docs/install.md")
	release := blocks[0].Text
	rows := installRows(t)
	t.Run("install.sh", func(t *testing.T) {
		admin.Run(t, sh(release+rows["install.sh"]))
		if output := admin.Run(t, sh("glide --version")); output != "glide "+newer {
			t.Errorf("installed is %s", output)
		}
		for _, block := range blocks[1:] {
			admin.Run(t, page.Block{Page: block.Page, Line: block.Line, Language: "sh", Text: release + block.Text})
		}
		if output := admin.Run(t, sh("~/opt/bin/glide --version; ! command -v glide")); output != "glide "+newer {
			t.Errorf("in ~/opt is %s", output)
		}
	})
	t.Run("archive", func(t *testing.T) {
		admin.Run(t, sh(release+rows["Archive"]))
		if output := admin.Run(t, sh("glide_*/glide --version")); output != "glide "+newer {
			t.Errorf("unpacked is %s", output)
		}
	})
	t.Run("package", func(t *testing.T) { admin.Run(t, sh(release+rows["Debian, Ubuntu"])) })

	for _, block := range page.Shell(t, "docs/deploy.md") {
		t.Run(block.String(), func(t *testing.T) {
			if strings.HasPrefix(block.Text, "glide serve") {
				admin.Run(t, sh("systemctl disable --now glide.service glide.socket; glide config default > glide.yaml"))
				admin.Run(t, block)
				return
			}
			if log := admin.Run(t, block); !strings.Contains(log, "Started glide.service") || !strings.Contains(log, "listens on") {
				t.Errorf("the log says\n%s", log)
			}
			serviceRuns(t, root, admin)
		})
	}
}

// serviceRuns looks whether the running service is as the page says, and changes it as it says.
func serviceRuns(t *testing.T, root string, admin *page.Reader) {
	t.Helper()
	said := func(answer string) {
		t.Helper()
		if output := admin.Run(t, sh("glide chat Hello")); !strings.HasSuffix(output, answer) {
			t.Errorf("asked, it printed %q", output)
		}
	}
	said("You said: Hello")
	if user := admin.Run(t, sh("ps --no-headers -o user -p $(systemctl show --property MainPID --value glide)")); user == "root" {
		t.Error("it runs as root")
	}

	config := filepath.Join(root, "etc/glide/config.yaml")
	changed := strings.Replace(read(t, config), "simulated: {}", "simulated: {text: Changed}", 1)
	pid := admin.Run(t, sh("systemctl show --property MainPID glide"))
	write(t, config, changed)
	admin.Run(t, sh("systemctl reload glide"))
	said("Changed")
	if now := admin.Run(t, sh("systemctl show --property MainPID glide")); now != pid {
		t.Errorf("it was restarted: %s and now %s", pid, now)
	}

	var inis []string
	for _, block := range page.Read(t, "docs/deploy.md") {
		if block.Language == "ini" {
			inis = append(inis, block.Text)
		}
	}
	override := filepath.Join(root, "etc/systemd/system/glide.service.d/override.conf")
	write(t, override, inis[0])
	write(t, filepath.Join(root, "etc/glide/environment"), "GLIDE_ADDR=127.0.0.1:80\n")
	admin.Run(t, sh("systemctl daemon-reload; systemctl restart glide; glide health --addr 127.0.0.1:80"))
	if err := os.Remove(override); err != nil {
		t.Fatal(err)
	}
	if output, err := admin.Try(t, sh("systemctl daemon-reload; systemctl restart glide")); err == nil {
		t.Errorf("without the right to it, it listens on port 80: %s", output)
	}
	write(t, filepath.Join(root, "etc/glide/environment"), "")

	// Whoever comes while it starts again waits for an answer, and gets it.
	write(t, filepath.Join(root, "etc/systemd/system/glide.socket"), inis[1])
	admin.Run(t, sh("systemctl daemon-reload; systemctl stop glide; systemctl enable --now glide.socket"))
	said("Changed")
	admin.Run(t, sh(`
systemctl restart glide & restart=$!
while kill -0 $restart 2> /dev/null; do curl --fail --silent --show-error --output /dev/null http://127.0.0.1:9099/v1/health/live; done
wait $restart`))
}

// installRows returns the commands of docs/install.md, by what it installs with.
func installRows(t *testing.T) map[string]string {
	t.Helper()
	rows := map[string]string{}
	table, _, _ := strings.Cut(read(t, filepath.Join(repo.Root(), "docs/install.md")), "<!-- end of channels -->")
	for _, row := range regexp.MustCompile("(?m)^\\| ([^|]+) \\| `(.+)` \\| [^`]+ \\|$").FindAllStringSubmatch(table, -1) {
		rows[row[1]] = strings.ReplaceAll(row[2], `\|`, "|")
	}
	return rows
}

// releases serves both releases as GitHub does, and the newer one as a mirror.
func releases(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	serve := func(pattern, version string) {
		dir := t.TempDir()
		for _, folder := range []string{"installers", "archives"} { // the sums are those of the archives
			if err := os.RemoveAll(filepath.Join(dir, "SHA256SUMS")); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(release(t, version), folder))); err != nil {
				t.Fatal(err)
			}
		}
		k := kit.New(t, version)
		if _, err := script.Write(k, k.Tree.Matrix.Packaged("archive"), dir); err != nil {
			t.Fatal(err)
		}
		mux.Handle(pattern, http.StripPrefix(pattern[strings.Index(pattern, "/"):], http.FileServer(http.Dir(dir))))
	}
	for _, version := range []string{older, newer} {
		serve("github.com/einstack/glide/releases/download/v"+version+"/", version)
	}
	serve("mirror/glide/", newer)
	return mux
}
