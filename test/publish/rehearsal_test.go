//go:build e2e

package publish

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/channels"
	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/repo"
	"github.com/einstack/glide/test/sigstore"
)

// The matrix of the rehearsal: of each operating system what its package managers want, all for figures;
// and images on no base, which is all that can be made without a registry.
var targets = []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-386", "windows-amd64"}

const candidate = "0.9.0-rc.1"

// A rehearsal is a copy of the repository with an origin, and channels of its own.
type rehearsal struct {
	*channels.World
	*sigstore.Sigstore
	terminal
	certificate string // of the registry
	// replaced are what the documents name and a test can't have, and what stands for it.
	replaced *strings.Replacer
}

// From a commit on develop to every channel and back, with a real release: every command of the
// documents is run as it is written there.
func TestRehearsal(t *testing.T) {
	r := newRehearsal(t)
	if *figures {
		r.measure(t)
		return
	}
	releasing := r.typed(page.Shell(t, "RELEASING.md"))
	life := r.typed(page.Shell(t, "docs/life-of-a-release.md"))
	verifying := r.typed(page.Shell(t, "docs/verify.md"))
	tag, promote, byHand := releasing[0], releasing[1], releasing[2]

	// Not before it is merged and tagged.
	output, err := r.try(t, "release check")
	if err == nil || !strings.Contains(output, "has no tag v"+candidate) || !strings.Contains(output, "not on main") || !strings.Contains(output, "no merge of develop") {
		t.Fatalf("check on develop: %v\n%s", err, output)
	}
	r.run(t, tag)

	start := time.Now()
	r.run(t, byHand)
	t.Logf("made by Nix and planned in %s", time.Since(start).Round(time.Second))
	made, err := filepath.EvalSymlinks(filepath.Join(r.dir, "result"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Read(made)
	if err != nil {
		t.Fatal(err)
	}
	if published, drafts := r.GitHub.Published(m.Tag()); published != nil || drafts > 0 {
		t.Error("a dry run has changed GitHub")
	}
	notes := r.run(t, "cat notes.md")
	for _, part := range []string{"- Everything.", "nix run github:einstack/glide/v" + candidate + "#verify", m.Artifacts[0].SHA256, "- Ada Example", "This is a candidate"} {
		if !strings.Contains(notes, part) {
			t.Errorf("the notes lack %q:\n%s", part, notes)
		}
	}

	to := " --to '" + strings.Join(r.To(), "' --to '") + "'"
	start = time.Now()
	r.run(t, "release publish --from release --notes notes.md"+to)
	t.Logf("published in %s", time.Since(start).Round(time.Millisecond))
	start = time.Now()
	output = r.run(t, "release publish --from release"+to)
	t.Logf("published again in %s", time.Since(start).Round(time.Millisecond))
	if strings.Count(output, " 0 put") != len(r.To()) {
		t.Errorf("a second run said\n%s", output)
	}
	published, drafts := r.GitHub.Published(m.Tag())
	if published == nil || drafts != 0 || !published.Prerelease || published.Latest != "false" || published.Body != notes {
		t.Fatalf("GitHub has %+v and %d drafts", published, drafts)
	}
	for _, block := range life {
		r.run(t, block)
	}

	r.run(t, "release sign --images --registry "+r.Registry+"/einstack/glide --charts "+r.Registry+"/einstack/charts/glide")
	output = r.run(t, "release verify --rebuilt result --login --to '"+r.At("oci")+"' --to '"+r.At("helm")+"'")
	if want := regexp.MustCompile(fmt.Sprintf(`(?m)^signature +same +%d items`, len(m.For("oci"))+len(m.For("helm")))); !want.MatchString(output) {
		t.Errorf("of what the registry has verify said\n%s\nwant %q", output, want)
	}
	r.installs(t, filepath.Join(r.dir, "release"))

	// By Nix, and by plain Go, which makes the same files.
	for _, block := range verifying[:2] {
		r.run(t, block)
	}
	r.sameByGo(t, made)
	r.run(t, "cd release\n"+verifying[2])
	r.run(t, verifying[3])

	archive := "glide_" + candidate + "_windows_386.zip"
	r.GitHub.Tamper(m.Tag(), archive, len(published.Assets[archive])/2, true)
	output, err = r.try(t, "release verify --rebuilt result --to '"+r.At("github")+"'")
	if err == nil || !regexp.MustCompile(`github: `+archive+` is different: .*entries`).MatchString(output) {
		t.Errorf("verify of a tampered archive: %v\n%s", err, output)
	}

	r.promotes(t, promote)
}

// promotes makes the version that the candidate leads to, when there is more on develop already.
func (r *rehearsal) promotes(t *testing.T, promote string) {
	t.Helper()
	r.run(t, `git switch --quiet develop
sed -i 's/^## \['$(cat VERSION)'/## [Unreleased]\n\n### Fixed\n\n- More.\n\n&/' CHANGELOG.md
echo '// More.' >> glide.go
git commit --quiet --all --message more`)
	output, err := r.try(t, promote)
	if !strings.Contains(output, "linux/amd64: but for the version the binary is that of v"+candidate) {
		t.Errorf("promote said\n%s", output)
	}
	if err == nil || !strings.Contains(output, candidate+" is out for ") || strings.Count(output, "release: ") != 1 {
		t.Errorf("check of a young candidate: %v\n%s", err, output)
	}
	lines := strings.Split(strings.TrimSpace(promote), "\n")
	r.run(t, "release check --soak 0\n"+lines[len(lines)-1])
	version, _, _ := strings.Cut(candidate, "-")
	sections := r.run(t, "git show develop:CHANGELOG.md | grep '^## ' | cut -d ' ' -f 2")
	if want := fmt.Sprintf("[Unreleased]\n[%s]\n[%s]\n", version, candidate); sections != want {
		t.Errorf("develop has the sections\n%swant\n%s", sections, want)
	}
}

func newRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	addr, certificate := startRegistry(t)
	r := &rehearsal{terminal: terminal{dir: filepath.Join(t.TempDir(), "glide")}, certificate: certificate}
	bin, err := filepath.Abs("testdata/bin")
	if err != nil {
		t.Fatal(err)
	}
	program := tool(t)
	r.World = channels.NewWith(t, frontOf(t, addr, certificate), "")
	r.GitHub.Tags = []string{"v" + candidate}
	r.Registry = addr // no front, but the TLS and password of the registry itself
	r.env = append(r.World.Env, "SSL_CERT_FILE="+certificate, "DOCKER_CONFIG="+loggedIn(t, addr), "NIX_HOST="+filepath.Join(repo.Root(), "nix/host/nix-host"),
		"BUILT="+t.TempDir(),
		"GIT_AUTHOR_NAME=Ada Example", "GIT_AUTHOR_EMAIL=ada@localhost", "GIT_COMMITTER_NAME=Ada Example", "GIT_COMMITTER_EMAIL=ada@localhost")
	prependPath(r.env, filepath.Dir(program), bin, filepath.Dir(cosign(t)))
	r.Sigstore = sigstore.Start(t, "EinStack/glide/.github/workflows/release.yml@refs/tags/v"+candidate)
	r.env = append(r.env, r.Sigstore.Env...)
	public := []string{r.At("github"), r.At("homebrew"), r.At("scoop"), r.At("snap"), r.At("chocolatey")}
	r.replaced = strings.NewReplacer(
		"--to github,oci", "--to '"+r.At("github")+"' --to '"+r.At("oci")+"'",
		"oci=127.0.0.1:5000/glide", r.At("oci"),
		"/tmp/rehearsal", r.Dir,
		"github:einstack/glide/v0.1.0#verify -- v0.1.0", ".#verify -- v"+candidate+" --flake . --to '"+strings.Join(public, "' --to '")+"'",
		"verify --rebuilt dist/release", "verify --rebuilt dist/release --to '"+strings.Join(public, "' --to '")+"'",
		"go run ./cmd/release", "release",
		" --key cosign.key", "",
		"promote v0.1.0-rc.2", "promote v"+candidate,
		"glide_0.1.0_", "glide_"+candidate+"_",
		`v0\.1\.0$`, "v"+regexp.QuoteMeta(candidate)+"$",
		"ghcr.io/einstack/glide:0.1.0-alpine", r.Registry+"/einstack/glide:"+candidate+"-distroless",
	)

	repo.Copy(t, r.dir, time.Now())
	shrink(t, filepath.Join(r.dir, tree.MatrixFile))
	write(t, filepath.Join(r.dir, tree.VersionFile), candidate+"\n")
	write(t, filepath.Join(r.dir, tree.ChangelogFile), "# Changelog\n\n## ["+candidate+"] - 2026-01-02\n\n### Added\n\n- Everything.\n")
	r.run(t, `release lock
git init --quiet --initial-branch main
git commit --quiet --allow-empty --message begin
git init --quiet --bare "$BUILT/origin"
git remote add origin "$BUILT/origin"
git switch --quiet --create develop
git add --all
git commit --quiet --message glide`)
	return r
}

// installs installs the release from a folder, by its own script, which takes no other workflow's signature.
func (r *rehearsal) installs(t *testing.T, made string) {
	t.Helper()
	other := ""
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if other != "" && strings.HasSuffix(q.URL.Path, manifest.SignatureFile) {
			http.ServeFile(w, q, other)
			return
		}
		http.ServeFile(w, q, filepath.Join(made, q.URL.Path))
	}))
	defer mirror.Close()
	install := "sh " + made + "/install.sh --from " + mirror.URL + " --prefix " + t.TempDir()
	if output := r.run(t, install); !strings.Contains(output, "installed glide "+candidate) {
		t.Errorf("it said\n%s", output)
	}
	own := r.Workflow
	r.Workflow = "EinStack/glide/.github/workflows/release.yml@refs/heads/main"
	forged := filepath.Join(t.TempDir(), manifest.SignatureFile)
	r.run(t, "cosign sign-blob --yes --bundle "+forged+" "+filepath.Join(made, dist.SumsFile))
	r.Workflow, other = own, forged
	if output, err := r.try(t, install); err == nil || !strings.Contains(output, "is not the release's") {
		t.Errorf("of another workflow's signature it said: %v\n%s", err, output)
	}
}

// typed returns what there is to type of blocks.
func (r *rehearsal) typed(blocks []page.Block) []string {
	var typed []string
	for _, block := range blocks {
		typed = append(typed, r.replaced.Replace(block.Text))
	}
	return typed
}

// shrink leaves the targets of the rehearsal in a matrix.
func shrink(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var matrix map[string]any
	if err := json.Unmarshal(text, &matrix); err != nil {
		t.Fatal(err)
	}
	matrix["targets"] = slices.DeleteFunc(matrix["targets"].([]any), func(target any) bool {
		of := target.(map[string]any)
		if of["images"] != nil {
			of["images"] = []string{"distroless"}
		}
		return !*figures && !slices.Contains(targets, of["goos"].(string)+"-"+of["goarch"].(string))
	})
	if text, err = json.MarshalIndent(matrix, "", "  "); err != nil {
		t.Fatal(err)
	}
	write(t, file, string(text))
}

// sameByGo compares the release that plain Go made, with images and chart of Nix, with that of Nix.
func (r *rehearsal) sameByGo(t *testing.T, made string) {
	t.Helper()
	command := "release assemble --out dist/whole --images " + filepath.Join(made, manifest.ImagesDir)
	if charts, _ := filepath.Glob(filepath.Join(made, "glide-*.tgz")); len(charts) == 1 {
		command += " --chart " + charts[0]
	}
	r.run(t, command)
	want, err := dist.ReadSums(made)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dist.ReadSums(filepath.Join(r.dir, "dist/whole"))
	if err != nil {
		t.Fatal(err)
	}
	for name, sum := range want {
		if got[name] != sum {
			t.Errorf("%s: plain Go made %s, Nix %s", name, got[name], sum)
		}
	}
}
