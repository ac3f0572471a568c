package verify

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/publish"
	"github.com/einstack/glide/test/channels"
)

func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }

// published returns a world with a release, and that release as whoever verifies it has it.
func published(t *testing.T) (*channels.World, *publish.Release) {
	t.Helper()
	return publishedAs(t, func(r *publish.Release) { r.Notes = "What is new" })
}

func publishedAs(t *testing.T, change func(*publish.Release)) (*channels.World, *publish.Release) {
	t.Helper()
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	w.Public = true
	for _, entry := range w.Env {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	dir := channels.Release(t, "0.2.0", "")
	r := open(t, dir)
	change(r)
	p := &publish.Publisher{Jobs: 4, Tries: 3, Backoff: time.Millisecond}
	for _, result := range p.Run(t.Context(), channelsOf(t, w, r)) {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	again := open(t, dir)
	again.Anonymous = true
	return w, again
}

func open(t *testing.T, dir string) *publish.Release {
	t.Helper()
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &publish.Release{Manifest: m, Dir: dir, Scratch: t.TempDir()}
}

func channelsOf(t *testing.T, w *channels.World, r *publish.Release) []publish.Channel {
	t.Helper()
	opened, err := publish.Open(r, w.To())
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func TestVerifies(t *testing.T) {
	w, r := published(t)
	w.GitHub.Limit = 1 // for who has no token, but this one has
	report := Run(t.Context(), r, channelsOf(t, w, r))
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	if w.GitHub.Refused > 0 {
		t.Error("asked GitHub's API without the token")
	}
	same := map[string]int{}
	for _, row := range report.Rows {
		if row.Verdict == Same {
			same[row.Channel]++
		}
	}
	for _, channel := range []string{"chocolatey", "dir", "github", "helm", "homebrew", "oci", "scoop", "snap"} {
		if same[channel] == 0 {
			t.Errorf("%s: nothing was compared", channel)
		}
	}
	var table, page, text bytes.Buffer
	if err := report.Table(&table); err != nil {
		t.Error(err)
	}
	if err := report.HTML(&page); err != nil || !strings.Contains(page.String(), "<strong class=\"same\">Verified:</strong>") {
		t.Errorf("%v\n%s", err, &page)
	}
	if err := report.JSON(&text); err != nil || !strings.Contains(text.String(), `"verdict": "same"`) {
		t.Error(err)
	}
	if strings.Contains(table.String(), "different") {
		t.Errorf("got\n%s", &table)
	}
}

// Without a token GitHub's API has enough soon, and is asked again when it says.
func TestWaitsForGitHub(t *testing.T) {
	w, r := published(t)
	t.Setenv("GITHUB_TOKEN", "")
	w.GitHub.Limit = 1
	waited := false
	r.Waits = func(time.Duration, error) { waited = true }
	opened, err := publish.Open(r, []string{w.At("github")})
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), r, opened).Err(); err != nil || !waited {
		t.Errorf("waited: %t, %v", waited, err)
	}
}

// Plain Go makes neither images nor chart; all the rest is compared, and nothing else may be there.
func TestVerifiesWithoutImages(t *testing.T) {
	w, r := published(t)
	var names []string
	r.Artifacts = slices.DeleteFunc(r.Artifacts, func(a manifest.Artifact) bool { return a.Kind == "image" || a.Kind == "chart" })
	for _, a := range r.Artifacts {
		names = append(names, a.Name)
	}
	whole := map[string][]byte{}
	for _, name := range []string{manifest.File, dist.SumsFile} {
		text, err := os.ReadFile(filepath.Join(r.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = text
	}
	list, err := json.Marshal(r.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, manifest.File), list, 0o644); err != nil {
		t.Fatal(err)
	}
	sums, err := dist.Sums(r.Dir, append(names, manifest.File)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := dist.WriteSums(r.Dir, sums); err != nil {
		t.Fatal(err)
	}
	report := Run(t.Context(), r, channelsOf(t, w, r))
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	var unchecked []string
	for _, row := range report.Rows {
		if row.Verdict == Unchecked {
			unchecked = append(unchecked, row.Channel+" "+row.Name)
		}
	}
	slices.Sort(unchecked)
	want := []string{"github SHA256SUMS", "github glide-0.2.0.tgz", "github release.json"}
	if got := slices.DeleteFunc(unchecked, func(row string) bool { return !strings.HasPrefix(row, "github ") }); !slices.Equal(got, want) {
		t.Errorf("not checked are %v, want %v", got, want)
	}
	lists, err := publish.Open(r, []string{w.At("github")})
	if err != nil {
		t.Fatal(err)
	}
	for _, changed := range []struct{ list, text string }{
		{manifest.File, r.Artifacts[0].SHA256},
		{manifest.File, "\"date\": \"2"},
		{dist.SumsFile, r.Artifacts[0].SHA256},
		{dist.SumsFile, r.Artifacts[0].Name},
	} {
		at := bytes.Index(whole[changed.list], []byte(changed.text)) + len(changed.text) - 1
		w.GitHub.Tamper(r.Tag(), changed.list, at, true)
		want := "github: " + changed.list + " is different"
		if err := Run(t.Context(), r, lists).Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with another end of %s: %v, want %q", changed.text, err, want)
		}
		w.GitHub.Tamper(r.Tag(), changed.list, at, true)
	}
}

// Any flipped byte in anything that is published is found, and named.
func TestFindsEveryFlippedByte(t *testing.T) {
	w, r := published(t)
	for _, artifact := range r.For("github") {
		file := filepath.Join(r.Dir, artifact.Name)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(content); at += max(1, len(content)/3) {
			// The server may have a new digest for the new bytes, or still tell the old one.
			for _, digest := range []bool{true, false} {
				w.GitHub.Tamper(r.Tag(), artifact.Name, at, digest)
				wantFound(t, w, r, "github", artifact.Name)
				w.GitHub.Tamper(r.Tag(), artifact.Name, at, true)
			}
		}
	}
	for _, name := range []string{manifest.File, dist.SumsFile} {
		w.GitHub.Tamper(r.Tag(), name, 30, false)
		wantFound(t, w, r, "github", name)
		w.GitHub.Tamper(r.Tag(), name, 30, true)
	}
	folder := filepath.Join(w.Dir, "0.2.0", dist.SumsFile)
	if err := os.WriteFile(folder, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantFound(t, w, r, "dir", dist.SumsFile)
	w.NuGet.Tamper("0.2.0")
	wantFound(t, w, r, "chocolatey", "glide.0.2.0.nupkg")
	w.Snaps.Tamper()
	wantFound(t, w, r, "snap", "glide_0.2.0_linux_amd64.snap")
	w.Served = false
	wantFound(t, w, r, "helm", "glide 0.2.0")
	w.Served = true
	for name, file := range map[string]string{"tap": "Formula/glide.rb", "bucket": "bucket/glide.json", "pages": "index.yaml"} {
		w.Rewrite(t, name, file, "[0-9a-f]{64}", strings.Repeat("0", 64))
	}
	wantFound(t, w, r, "homebrew", "glide 0.2.0")
	wantFound(t, w, r, "scoop", "glide 0.2.0")
	wantFound(t, w, r, "helm", "glide 0.2.0")
	for _, blob := range w.Blobs(t, "einstack/glide", "0.2.0-alpine") {
		w.TamperBlob(blob)
		wantFound(t, w, r, "oci", "0.2.0-alpine")
		w.TamperBlob("")
	}
}

// wantFound fails unless the report says of a thing, by how its name begins, that it differs.
func wantFound(t *testing.T, w *channels.World, r *publish.Release, channel, name string) {
	t.Helper()
	opened, err := publish.Open(r, []string{w.At(channel)})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, row := range Run(t.Context(), r, opened).Rows {
		if strings.HasPrefix(row.Name, name) && row.Verdict == Different && row.Detail != "" {
			found = true
		}
	}
	if !found {
		t.Errorf("%s: what was changed in %s is not found: %+v", channel, name, Run(t.Context(), r, opened).Rows)
	}
}

// What has the place of a release is not what it is said to be, and not compared.
func TestNewerVersion(t *testing.T) {
	w, r := published(t)
	w.Rewrite(t, "tap", "Formula/glide.rb", `version "0.2.0"`, `version "9.9.9"`)
	opened, err := publish.Open(r, []string{w.At("homebrew")})
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{"homebrew", "glide 0.2.0", Unchecked, "Formula/glide.rb: a newer version has its place"}}
	if rows := Run(t.Context(), r, opened).Rows; !slices.Equal(rows, want) {
		t.Errorf("got %+v", rows)
	}
}

// No answer says nothing of what is published.
func TestUnread(t *testing.T) {
	w, r := published(t)
	r.Silence = time.Second
	opened, err := publish.Open(r, []string{w.At("github")})
	if err != nil {
		t.Fatal(err)
	}
	w.Faults.Set(0, nil)
	Run(t.Context(), r, opened)
	first := slices.IndexFunc(w.Faults.Calls(), func(call string) bool { return strings.Contains(call, "/download/") })
	w.Faults.Set(first+1, channels.Silent)
	rows := slices.DeleteFunc(Run(t.Context(), r, opened).Rows, func(row Row) bool { return row.Verdict == Same })
	if len(rows) == 0 || slices.ContainsFunc(rows, func(row Row) bool { return row.Verdict != Unread }) {
		t.Errorf("got %+v", rows)
	}
}

// Who compares nothing has verified nothing.
func TestComparesNothing(t *testing.T) {
	report := &Report{Rows: []Row{{"snap", "https://api.snapcraft.io", Unchecked, "nothing of it was made again"}}}
	if err := report.Err(); err == nil {
		t.Error("it is verified")
	}
}

func TestMissing(t *testing.T) {
	w := channels.New(t)
	w.Public = true
	w.GitHub.Tags = []string{"v0.2.0"}
	for _, entry := range w.Env {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	r := open(t, channels.Release(t, "0.2.0", ""))
	r.Anonymous = true
	// A draft is nothing to the public, whoever asks.
	draft := httptest.NewRequest(http.MethodPost, "/repos/einstack/glide/releases", strings.NewReader(`{"tag_name":"v0.2.0","draft":true}`))
	draft.Header.Set("Authorization", "Bearer "+channels.Secret)
	w.GitHub.ServeHTTP(httptest.NewRecorder(), draft)
	if _, drafts := w.GitHub.Published("v0.2.0"); drafts != 1 {
		t.Fatalf("%d drafts", drafts)
	}
	report := Run(t.Context(), r, channelsOf(t, w, r))
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "github: release.json is missing: the channel does not have it") {
		t.Errorf("got %v", err)
	}
}
