package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/port"
	"github.com/einstack/glide/test/repo"
)

func TestMain(m *testing.M) {
	status := m.Run()
	testkit.RemoveBinary()
	os.Exit(status)
}

// Which tests run a page's blocks, by their folders.
var runBy = map[string]string{
	"README.md":                 "test/docs",
	"RELEASING.md":              "test/publish",
	"charts/glide/README.md":    "test/kubernetes",
	"demo/README.md":            "test/demo",
	"docs/api.md":               "test/docs",
	"docs/configuration.md":     "test/docs",
	"docs/deploy.md":            "test/install",
	"docs/images.md":            "test/demo",
	"docs/install.md":           "test/install",
	"docs/kubernetes.md":        "test/kubernetes",
	"docs/life-of-a-release.md": "test/publish",
	"docs/traces.md":            "test/docs",
	"docs/upgrade.md":           "test/docs",
	"docs/verify.md":            "test/publish",
}

// Every block of shell is run by a test, or says why not.
func TestEveryBlockIsRun(t *testing.T) {
	for _, name := range files(t) {
		if filepath.Ext(name) != ".md" {
			continue
		}
		for _, block := range page.Read(t, name) {
			switch {
			case !block.Shell() && block.NotRun != "":
				t.Errorf("%s: is nothing to run, so nobody asks why it is not run", block)
			case block.Shell() && block.NotRun != "":
				t.Logf("%s: not run: %s", block, block.NotRun)
			case block.Shell() && !names(t, runBy[name], name):
				t.Errorf("%s: no test runs it: run the page in one and name that in runBy, or say before the fence <!-- not run: WHY -->", block)
			}
		}
	}
}

// names tells whether a test of a folder names a page.
func names(t *testing.T, folder, name string) bool {
	t.Helper()
	if folder == "" {
		return false
	}
	tests, err := filepath.Glob(filepath.Join(repo.Root(), folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`\bpage\.Shell\(t, "` + regexp.QuoteMeta(name) + `"\)`)
	return slices.ContainsFunc(tests, func(file string) bool {
		content, err := os.ReadFile(file)
		return err == nil && call.Match(content)
	})
}

// A newcomer follows the README from its first line to its last.
func TestReadme(t *testing.T) {
	r := newcomer(t)
	verify := page.Shell(t, "docs/verify.md")
	for _, block := range page.Shell(t, "README.md") {
		if slices.ContainsFunc(verify, func(other page.Block) bool { return other.Text == block.Text }) {
			continue // it needs a release, which the test of that page has
		}
		t.Run(block.String(), func(t *testing.T) {
			output := r.Run(t, block)
			if !strings.Contains(block.Text, "$ make run\n") {
				return
			}
			// What it prints to try is tried, from another terminal.
			chat := regexp.MustCompile(`(?m)^  Try +(.*)$`).FindStringSubmatch(output)
			curl := regexp.MustCompile(`(?s)  curl .*?}'`).FindString(output)
			if chat == nil || curl == "" {
				t.Fatalf("it printed no lines to try:\n%s", output)
			}
			for request, want := range map[string]string{
				chat[1]: "You said: Hello!",
				curl:    `"content":"`,
				strings.Replace(curl, `{"model"`, `{"stream": true, "model"`, 1): "data: [DONE]",
			} {
				// The other terminal has the log.
				answer := r.Run(t, page.Block{Page: block.Page, Line: block.Line, Language: "sh", Text: "make run 2> /dev/null\n" + request})
				if !strings.Contains(answer, want) {
					t.Errorf("%s\nprinted\n%s\nwant %s", request, answer, want)
				}
			}
		})
	}
	for _, start := range starts(t) {
		t.Run(start.Text, func(t *testing.T) { r.Run(t, start) })
	}
}

// starts returns the ways to start that the README lists, but for those that have a page of their own.
func starts(t *testing.T) []page.Block {
	t.Helper()
	_, section, _ := strings.Cut(read(t, "README.md"), "\n## Start\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []page.Block
	for _, row := range regexp.MustCompile(`(?m)^\| [^|]+ \| (.*) \|$`).FindAllStringSubmatch(section, -1) {
		if to := link.FindStringSubmatch(row[1]); to != nil {
			if where := to[1]; runBy[where] == "" {
				t.Errorf("%s: no test runs the blocks of %s", row[0], where)
			}
			continue
		}
		if command := strings.Trim(row[1], "`"); command != "Command" {
			blocks = append(blocks, page.Block{Page: "README.md", Language: "sh", Text: command})
		}
	}
	if len(blocks) < 3 {
		t.Fatalf("the README lists the ways %q", blocks)
	}
	return blocks
}

// What pages say of a gateway that is installed.
func TestPages(t *testing.T) {
	r := newcomer(t)
	r.Run(t, page.Block{Page: "test", Language: "sh", Text: "glide config default > glide.yaml"})
	pages := slices.Concat(page.Shell(t, "docs/configuration.md"), page.Shell(t, "docs/api.md"), page.Shell(t, "docs/traces.md"), page.Shell(t, "docs/upgrade.md"))
	for _, block := range pages {
		t.Run(block.String(), func(t *testing.T) {
			if strings.HasPrefix(block.Text, "curl ") {
				block.Text = "glide serve\n" + block.Text
			}
			r.Run(t, block)
		})
	}
}

// newcomer returns a reader in a clone, with glide on the PATH. Of what there is to build the clone has
// the targets of this machine only.
func newcomer(t *testing.T) *page.Reader {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "glide")
	repo.Copy(t, clone, time.Now())
	matrix := filepath.Join(clone, tree.MatrixFile)
	var content map[string]any
	text, err := os.ReadFile(matrix)
	if err == nil {
		err = json.Unmarshal(text, &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	content["targets"] = slices.DeleteFunc(content["targets"].([]any), func(target any) bool {
		of := target.(map[string]any)
		return of["goos"] != runtime.GOOS || of["goarch"] != runtime.GOARCH
	})
	if text, err = json.Marshal(content); err == nil {
		err = os.WriteFile(matrix, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	address, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	bin, err := filepath.Abs("testdata/bin")
	if err != nil {
		t.Fatal(err)
	}
	return &page.Reader{
		Dir: clone,
		Env: []string{
			"PATH=" + filepath.Dir(testkit.Binary(t)) + ":" + bin + ":" + os.Getenv("PATH"),
			"GLIDE_REPOSITORY=" + repo.Root(),
			// GitHub is this repository, to git as to go.
			"GOPRIVATE=github.com/einstack/glide",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + published(t) + ".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/einstack/glide",
		},
		Address: address,
	}
}

// published returns a repository with the files of this one as they are, committed. Go forgets that it has
// ever seen that version.
func published(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "published")
	repo.Copy(t, dir, time.Now())
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...) // cleanups run it too, after the context has ended
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, args, err, output)
		}
		return strings.TrimSpace(string(output))
	}
	run("git", "init", "--quiet", "--initial-branch", "main")
	run("git", "add", "--all", "--force")
	run("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message", "glide")
	commit, modules := run("git", "rev-parse", "--short=12", "HEAD"), run("go", "env", "GOMODCACHE")
	t.Cleanup(func() {
		for _, pattern := range []string{"github.com/einstack/glide@*-" + commit, "cache/download/github.com/einstack/glide/@v/*-" + commit + ".*"} {
			found, err := filepath.Glob(filepath.Join(modules, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range found {
				run("chmod", "-R", "u+w", path)
				if err := os.RemoveAll(path); err != nil {
					t.Error(err)
				}
			}
		}
	})
	return dir
}
