package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
)

func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }

// publishTo publishes a release's folder to channels of a world, as the command does, but in haste.
func publishTo(t *testing.T, w *channels.World, dir string, to []string, change func(*Publisher, *Release)) []Result {
	t.Helper()
	setenv(t, w)
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &Release{Manifest: m, Dir: dir, Notes: "What is new", Scratch: t.TempDir(), Silence: 30 * time.Second, Pause: 5 * time.Millisecond}
	p := &Publisher{Jobs: 4, Tries: 4, Backoff: time.Millisecond}
	if change != nil {
		change(p, r)
	}
	opened, err := Open(r, to)
	if err != nil {
		t.Fatal(err)
	}
	return p.Run(t.Context(), opened)
}

func setenv(t *testing.T, w *channels.World) {
	t.Helper()
	for _, entry := range w.Env {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
}

func wantComplete(t *testing.T, results []Result) {
	t.Helper()
	for _, r := range results {
		if absent, different := count(r.Items); r.Err != nil || absent > 0 || different != nil || len(r.Items) == 0 {
			t.Errorf("%s: %d items, %d absent, %v, %v", r.Channel, len(r.Items), absent, different, r.Err)
		}
	}
}

// wantPublished looks with the eyes of the public at whether each place has the release, whole.
func wantPublished(t *testing.T, w *channels.World, dir, version string) {
	t.Helper()
	published, drafts := w.GitHub.Published("v" + version)
	if published == nil || drafts != 0 {
		t.Fatalf("GitHub has release %v and %d drafts", published, drafts)
	}
	for _, a := range []string{"release.json", "SHA256SUMS", "SHA256SUMS.sigstore.json", "glide_" + version + "_linux_amd64.tar.gz"} {
		content, err := os.ReadFile(filepath.Join(dir, a))
		if err != nil {
			t.Fatal(err)
		}
		if string(published.Assets[a]) != string(content) {
			t.Errorf("GitHub has other bytes of %s", a)
		}
	}
	if snap, revisions := w.Snaps.Released("armhf", "latest/edge"); revisions != 1 || string(snap) != "snap for armhf "+version {
		t.Errorf("the snap store has %d revisions, and %q in latest/edge", revisions, snap)
	}
	for _, repository := range []string{"tap Formula/glide-rc.rb", "bucket bucket/glide-rc.json"} {
		name, file, _ := strings.Cut(repository, " ")
		content, commits, err := w.Show(t.Context(), name, "main", file)
		if err != nil || commits != 1 || !strings.Contains(content, version) {
			t.Errorf("%s: %d commits, %v", repository, commits, err)
		}
	}
	if _, err := os.Stat(filepath.Join(w.Dir, version, "images", "oci-layout")); err != nil {
		t.Error(err)
	}
}

func TestPublishes(t *testing.T) {
	for _, version := range []string{"0.2.0-rc.3", "0.2.0"} {
		t.Run(version, func(t *testing.T) {
			w := channels.New(t)
			w.GitHub.Tags = []string{"v" + version}
			dir := channels.Release(t, version, "")
			plan := publishTo(t, w, dir, w.To(), func(p *Publisher, _ *Release) { p.DryRun = true })
			for _, r := range plan {
				if absent, _ := count(r.Items); absent != len(r.Items) || r.Err != nil {
					t.Errorf("%s: %d of %d are absent at first, %v", r.Channel, absent, len(r.Items), r.Err)
				}
			}
			if published, drafts := w.GitHub.Published("v" + version); published != nil || drafts > 0 {
				t.Error("a dry run has changed GitHub")
			}
			wantComplete(t, publishTo(t, w, dir, w.To(), nil))
			wantPublished(t, w, dir, version)

			// A second run only looks.
			w.Faults.Set(0, nil)
			for _, r := range publishTo(t, w, dir, w.To(), nil) {
				if r.Err != nil || r.Put != 0 {
					t.Errorf("%s: a second run put %d items, %v", r.Channel, r.Put, r.Err)
				}
			}
			for _, call := range w.Faults.Calls() {
				if !strings.Contains(call, " GET ") && !strings.Contains(call, " HEAD ") && !strings.Contains(call, "/revisions") {
					t.Errorf("a second run called %s", call)
				}
			}
		})
	}
}

// What is published and different stops its channel before it changes, and no other.
func TestStopsAtDifferent(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir, other := channels.Release(t, "0.2.0", ""), channels.Release(t, "0.2.0", "other")
	wantComplete(t, publishTo(t, w, dir, w.To(), nil))
	w.Faults.Set(0, nil)
	for _, place := range w.To() {
		r := publishTo(t, w, other, []string{place}, nil)[0]
		if r.Err == nil || r.Put != 0 || !strings.Contains(r.Err.Error(), "is there already and different") {
			t.Errorf("%s: put %d, %v", r.Channel, r.Put, r.Err)
		}
	}
	for _, call := range w.Faults.Calls() {
		if strings.Contains(call, " PUT ") || strings.Contains(call, " PATCH ") || strings.Contains(call, " DELETE ") || strings.Contains(call, "/push/") {
			t.Errorf("called %s", call)
		}
	}
	wantComplete(t, publishTo(t, w, dir, w.To(), nil))
}

// A channel that fails for days holds no other one up.
func TestChannelsAreOnTheirOwn(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	w.NuGet.SetModerating(true)
	dir := channels.Release(t, "0.2.0", "")
	for _, r := range publishTo(t, w, dir, w.To(), nil) {
		if (r.Err != nil) != (r.Channel == "chocolatey") {
			t.Errorf("%s: %v", r.Channel, r.Err)
		}
		if r.Err != nil && !strings.Contains(r.Err.Error(), "run this again when they are done") {
			t.Errorf("%s: %v", r.Channel, r.Err)
		}
	}
	w.NuGet.SetModerating(false)
	for _, r := range publishTo(t, w, dir, w.To(), nil) {
		if r.Err != nil || r.Put != 0 && r.Channel != "chocolatey" {
			t.Errorf("%s: put %d, %v", r.Channel, r.Put, r.Err)
		}
	}
	wantPublished(t, w, dir, "0.2.0")
}

// What points to files or images comes after them, and not at all where they fail to come. A plan is
// made of all.
func TestPointsToNothing(t *testing.T) {
	dir := channels.Release(t, "0.2.0", "")
	for broken, pointing := range map[string][]string{
		"github": {"helm", "homebrew", "scoop"},
		"oci":    {"helm"},
	} {
		w := channels.New(t)
		w.GitHub.Tags = []string{"v0.2.0"}
		to := w.To()
		at := slices.Index(to, w.At(broken))
		to[at] = broken + "=" + "http://127.0.0.1:1/repos/einstack/glide"
		if broken == "oci" {
			to[at] = "oci=127.0.0.1:1/einstack/glide"
		}
		for _, dry := range []bool{true, false} {
			for _, r := range publishTo(t, w, dir, to, func(p *Publisher, _ *Release) { p.Tries, p.DryRun = 1, dry }) {
				want := ""
				if slices.Contains(pointing, r.Channel) && !dry {
					want = r.Channel + ": not begun: " + broken + " failed"
				}
				if r.Channel != broken && fmt.Sprint(r.Err) != cmp.Or(want, "<nil>") {
					t.Errorf("%s is broken: %s says %v, want %q", broken, r.Channel, r.Err, want)
				}
			}
		}
		wantComplete(t, publishTo(t, w, dir, w.To(), nil))
	}

	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	wantComplete(t, publishTo(t, w, dir, w.To(), nil))
	calls := w.Faults.Calls()
	at := func(part string) int {
		return slices.IndexFunc(calls, func(call string) bool { return strings.Contains(call, part) })
	}
	for first, then := range map[string]string{
		"github PATCH ": "git GET /push/",
		"PUT /v2/einstack/glide/manifests/latest": "PUT /v2/einstack/charts/glide/manifests/0.2.0",
	} {
		if at(first) < 0 || at(then) < at(first) {
			t.Errorf("%s was call %d, %s call %d of %q", first, at(first), then, at(then), calls)
		}
	}
}

// Whatever is wrong with one call, the next run at the latest ends complete, and nothing is there twice.
func TestFaults(t *testing.T) {
	dir := channels.Release(t, "0.2.0", "")
	faults := []channels.Fault{
		channels.Status(500), channels.Status(429, "Retry-After", "0"), channels.Limited,
		channels.Lost, channels.Truncated, channels.Digest, channels.Silent,
	}
	places := []string{"chocolatey", "github", "helm", "oci"}
	if full {
		// They start programs, which takes time. Scoop's bucket and the list of charts are as the tap.
		places = append(places, "homebrew", "snap")
	}
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			for n, calls := 1, 1; n <= calls; n++ {
				for i, fault := range faults {
					if full || i == n%len(faults) {
						calls = max(calls, testFault(t, dir, place, n, i, fault))
					}
				}
			}
		})
	}
}

// testFault publishes twice, the first time with a fault at the nth call, and returns how many calls
// the first run made before or without it.
func testFault(t *testing.T, dir, place string, n, i int, fault channels.Fault) int {
	t.Helper()
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	to, _, _ := strings.Cut(w.At(place), " ") // without a list of charts
	w.Faults.Set(n, fault)
	first := publishTo(t, w, dir, []string{to}, func(p *Publisher, r *Release) { p.Jobs, r.Silence = 1, 500*time.Millisecond })
	calls := w.Faults.Calls()
	w.Faults.Set(0, nil)
	if first[0].Err == nil {
		wantComplete(t, first)
	}
	wantComplete(t, publishTo(t, w, dir, []string{to}, nil))
	wantOnce(t, w, place)
	if t.Failed() {
		t.Fatalf("fault %d was at call %d of %q; the first run said %v", i, n, calls, first[0].Err)
	}
	return len(calls)
}

// Who is asked to wait waits, in the same run.
func TestWaits(t *testing.T) {
	dir := channels.Release(t, "0.2.0", "")
	for name, fault := range map[string]channels.Fault{
		"busy":        channels.Status(429, "Retry-After", "0"),
		"limit":       channels.Status(403, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", "0"),
		"few at once": channels.Limited,
	} {
		w := channels.New(t)
		w.GitHub.Tags = []string{"v0.2.0"}
		w.Faults.Set(4, fault)
		var said strings.Builder
		results := publishTo(t, w, dir, []string{w.At("github")}, func(p *Publisher, _ *Release) {
			p.Report = func(e Event) { fmt.Fprintln(&said, e.Text) }
		})
		wantComplete(t, results)
		if !strings.Contains(said.String(), "again in ") {
			t.Errorf("%s: said\n%s", name, &said)
		}
	}
}

// wantOnce fails if a channel has something twice.
func wantOnce(t *testing.T, w *channels.World, place string) {
	t.Helper()
	switch place {
	case "github":
		if published, drafts := w.GitHub.Published("v0.2.0"); published == nil || drafts > 0 {
			t.Errorf("published %v, and %d drafts are left", published, drafts)
		}
	case "snap":
		for _, arch := range []string{"amd64", "armhf"} {
			if _, revisions := w.Snaps.Released(arch, "latest/stable"); revisions != 1 {
				t.Errorf("%d revisions for %s", revisions, arch)
			}
		}
	case "homebrew":
		if _, commits, err := w.Show(t.Context(), "tap", "main", "Formula/glide.rb"); err != nil || commits != 1 {
			t.Errorf("%d commits, %v", commits, err)
		}
	case "index":
		if index, commits, err := w.Show(t.Context(), "pages", "gh-pages", "index.yaml"); err != nil || commits != 1 || strings.Count(index, "digest:") != 1 {
			t.Errorf("%d commits, %v, %s", commits, err, index)
		}
	}
}

// Two publishers at the same time: both end well, and nothing is there twice.
func TestTwoPublishers(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	setenv(t, w)
	done := make(chan []Result)
	for range 2 {
		go func() { done <- rival(t, dir, w.To()) }()
	}
	wantComplete(t, <-done)
	wantComplete(t, <-done)
	wantPublished(t, w, dir, "0.2.0")
	for _, place := range []string{"github", "index", "homebrew", "snap"} {
		wantOnce(t, w, place)
	}
}

// rival publishes beside another publisher, to whose environment it is used.
func rival(t *testing.T, dir string, to []string) []Result {
	m, err := manifest.Read(dir)
	if err != nil {
		t.Error(err)
		return nil
	}
	opened, err := Open(&Release{Manifest: m, Dir: dir, Notes: "What is new", Scratch: t.TempDir()}, to)
	if err != nil {
		t.Error(err)
		return nil
	}
	p := &Publisher{Jobs: 4, Tries: 8, Backoff: 10 * time.Millisecond}
	return p.Run(t.Context(), opened)
}

// A newer version that is published while an older one is on its way keeps what moves.
func TestNewerVersionMeanwhile(t *testing.T) {
	older, newer := channels.Release(t, "0.2.1", ""), channels.Release(t, "0.3.0", "")
	world := func() *channels.World {
		w := channels.New(t)
		w.GitHub.Tags = []string{"v0.2.1", "v0.3.0"}
		return w
	}
	newest := map[string]func(*channels.World) bool{
		"github": func(w *channels.World) bool {
			old, _ := w.GitHub.Published("v0.2.1")
			recent, _ := w.GitHub.Published("v0.3.0")
			return old.Latest == "false" && recent.Latest == "true"
		},
		"oci": func(w *channels.World) bool {
			return slices.Equal(w.Blobs(t, "einstack/glide", "latest"), w.Blobs(t, "einstack/glide", "0.3.0"))
		},
		"snap": func(w *channels.World) bool {
			snap, _ := w.Snaps.Released("amd64", "latest/stable")
			return string(snap) == "snap for amd64 0.3.0"
		},
	}
	for place, keeps := range newest {
		t.Run(place, func(t *testing.T) {
			before := world()
			wantComplete(t, publishTo(t, before, older, []string{before.At(place)}, nil))
			first := 1 + slices.IndexFunc(before.Faults.Calls(), func(call string) bool {
				return !strings.Contains(call, " GET ") && !strings.Contains(call, " HEAD ") && !strings.Contains(call, "/revisions")
			})
			w := world()
			w.Public = true
			w.Faults.Set(first, func(server http.Handler, res http.ResponseWriter, r *http.Request) {
				wantComplete(t, rival(t, newer, []string{w.At(place)}))
				server.ServeHTTP(res, r)
			})
			wantComplete(t, publishTo(t, w, older, []string{w.At(place)}, nil))
			if !keeps(w) {
				t.Error("the older version took what moves from the newer one")
			}
		})
	}
}

// An older version takes nothing that moves from a newer one.
func TestOlderVersionMovesNothing(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.3.0", "v0.2.1", "v0.4.0-rc.1"}
	for _, version := range []string{"0.3.0", "0.2.1", "0.4.0-rc.1"} {
		dir := channels.Release(t, version, "")
		wantComplete(t, publishTo(t, w, dir, w.To(), nil))
		content, _, err := w.Show(t.Context(), "tap", "main", "Formula/glide.rb")
		if err != nil || !strings.Contains(content, `version "0.3.0"`) {
			t.Errorf("after %s the formula is\n%s%v", version, content, err)
		}
		if snap, _ := w.Snaps.Released("amd64", "latest/stable"); snap == nil {
			t.Errorf("after %s nothing is in latest/stable", version)
		}
		published, _ := w.GitHub.Published("v" + version)
		if (published.Latest == "true") != (version == "0.3.0") || published.Prerelease != strings.Contains(version, "rc") {
			t.Errorf("%s is %+v", version, published)
		}
	}
	if _, _, err := w.Show(t.Context(), "pages", "gh-pages", "index.yaml"); err != nil {
		t.Error(err)
	}
	index, _, _ := w.Show(t.Context(), "pages", "gh-pages", "index.yaml")
	if strings.Contains(index, "rc.1") || strings.Count(index, "digest:") != 2 {
		t.Errorf("the list of charts is\n%s", index)
	}
}

// No secret is in what people see, whatever goes wrong.
func TestTellsNoSecret(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	for n := 1; n < 60; n += 7 {
		w.Faults.Set(n, channels.Status(401))
		var said strings.Builder
		results := publishTo(t, w, dir, w.To(), func(p *Publisher, _ *Release) {
			p.Report = func(e Event) { fmt.Fprintln(&said, e) }
		})
		for _, r := range results {
			fmt.Fprintln(&said, r.Err, r.Place)
		}
		if strings.Contains(said.String(), channels.Secret) {
			t.Fatalf("told the secret:\n%s", &said)
		}
	}
}

func TestOpen(t *testing.T) {
	for text, want := range map[string]string{
		"ftp": `unknown channel "ftp"; the channels are chocolatey, dir, github, helm, homebrew, oci, scoop, snap`,
		"dir": "channel dir: say where; write dir=PLACE",
	} {
		if _, err := Open(&Release{}, []string{text}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// A secret is in the environment or in a file, and the lack of one stops its channel alone.
func TestSecret(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	at := slices.IndexFunc(w.Env, func(entry string) bool { return strings.HasPrefix(entry, "GITHUB_TOKEN=") })
	w.Env[at] = "GITHUB_TOKEN="
	to := []string{w.At("github"), w.At("dir")}
	results := publishTo(t, w, dir, to, nil)
	want := "github: no secret; set GITHUB_TOKEN, or GITHUB_TOKEN_FILE to a file that holds it"
	if results[0].Err == nil || results[0].Err.Error() != want || results[1].Err != nil {
		t.Errorf("got %v and %v, want %s", results[0].Err, results[1].Err, want)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(channels.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Env = append(w.Env, "GITHUB_TOKEN_FILE="+file)
	wantComplete(t, publishTo(t, w, dir, to, nil))
}

// What nobody can add to a release later is missed before.
func TestPresentable(t *testing.T) {
	w := channels.New(t)
	w.GitHub.Tags = []string{"v0.2.0"}
	dir := channels.Release(t, "0.2.0", "")
	to := []string{w.At("github")}
	publish := func(bare bool) error {
		return publishTo(t, w, dir, to, func(_ *Publisher, r *Release) { r.Notes, r.Bare = "", bare })[0].Err
	}
	if err := publish(false); err == nil || err.Error() != "github: there are no notes; name those of release notes by --notes, or go without by --bare" {
		t.Errorf("without notes: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, manifest.SignatureFile)); err != nil {
		t.Fatal(err)
	}
	if err := publish(false); err == nil || !strings.HasSuffix(err.Error(), "; run release sign, or go without by --bare") {
		t.Errorf("without signature: %v", err)
	}
	if published, drafts := w.GitHub.Published("v0.2.0"); published != nil || drafts > 0 {
		t.Error("GitHub was changed")
	}
	if err := publish(true); err != nil {
		t.Error(err)
	}
	if err := publish(false); err != nil {
		t.Errorf("after it is published: %v", err)
	}
}

// A stubborn channel never gets better.
type stubborn struct{ err error }

func (s stubborn) Name() string  { return "stubborn" }
func (s stubborn) Place() string { return "nowhere" }
func (s stubborn) Plan(context.Context) ([]Stage, error) {
	return []Stage{{{Name: "thing", State: Absent, Put: func(context.Context) error { return s.err }}}}, nil
}

func TestGivesUp(t *testing.T) {
	p := &Publisher{Jobs: 1, Tries: 3, Backoff: time.Microsecond}
	for want, err := range map[string]error{
		"stubborn: what was put is still absent: thing": nil,
		"stubborn: thing: no":                           errors.New("no"),
	} {
		if r := p.Run(t.Context(), []Channel{stubborn{err}}); r[0].Err == nil || r[0].Err.Error() != want {
			t.Errorf("got %v, want %s", r[0].Err, want)
		}
	}
}

// What is ended before it has begun is not complete, so that no other stage begins.
func TestEnds(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	end()
	r := &run{Publisher: &Publisher{}, slots: make(chan struct{})} // all are taken
	stage := Stage{{Name: "thing", State: Absent}}
	if put, err := r.put(ctx, stubborn{}, []Stage{stage, stage}); put != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("put %d, %v", put, err)
	}
}

// Patience has an end, however often a channel is to be tried.
func TestBackoff(t *testing.T) {
	p := &Publisher{Backoff: time.Second}
	for failures := 1; failures < 100; failures++ {
		if wait := p.backoff(failures); wait < 500*time.Millisecond || wait > time.Hour {
			t.Errorf("after %d failures it waits for %s", failures, wait)
		}
	}
}
