//go:build e2e

package publish

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/sigstore"
)

// A signed release is a small one in a folder of its own, channels to bring it to, and the real cosign.
type signed struct {
	*channels.World
	*manifest.Manifest
	terminal
	certificate string
	asked       func() []string // what was asked for outside this machine
}

// newSigned makes one, for a program that tool has built.
func newSigned(t *testing.T, program string) *signed {
	t.Helper()
	addr, certificate := startRegistry(t)
	s := &signed{World: channels.NewWith(t, frontOf(t, addr, certificate), ""), terminal: terminal{dir: t.TempDir()}, certificate: certificate}
	s.Registry = addr // no front, but the TLS and password of the registry itself
	s.GitHub.Tags = []string{"v0.2.0"}
	made := channels.Release(t, "0.2.0", "")
	var err error
	if s.Manifest, err = manifest.Read(made); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(made, filepath.Join(s.dir, "result")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "notes.md"), "What is new")

	var mu sync.Mutex
	var asked []string
	outside := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Host)
		http.Error(res, "there is no network", http.StatusBadGateway)
	}))
	t.Cleanup(outside.Close)
	s.asked = func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
	s.env = append(s.Env, "HOME="+t.TempDir(), "SSL_CERT_FILE="+certificate, "HTTPS_PROXY="+outside.URL, "HTTP_PROXY="+outside.URL)
	prependPath(s.env, filepath.Dir(program), filepath.Dir(cosign(t)))
	return s
}

// loggedIn returns a folder as DOCKER_CONFIG names it, of somebody who has logged in to a registry.
func loggedIn(t *testing.T, registry string) string {
	t.Helper()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte("release:" + channels.Secret))
	write(t, filepath.Join(dir, "config.json"), `{"auths": {"`+registry+`": {"auth": "`+auth+`"}}}`)
	return dir
}

// held returns what the registry has, by tags and digests.
func (s *signed) held(t *testing.T) []string {
	t.Helper()
	options := []remote.Option{remote.WithTransport(trusting(t, s.certificate)), remote.WithAuth(&authn.Basic{Username: "release", Password: channels.Secret})}
	var held []string
	for _, folder := range []string{"/einstack/glide", "/einstack/charts/glide"} {
		repository, err := name.NewRepository(s.Registry + folder)
		if err != nil {
			t.Fatal(err)
		}
		tags, err := remote.List(repository, options...)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range tags {
			found, err := remote.Head(repository.Tag(tag), options...)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, folder+":"+tag+" "+found.Digest.String())
		}
	}
	slices.Sort(held)
	return held
}

// place replaces in commands the channels that documents name.
func (s *signed) place(command string) string {
	return strings.NewReplacer(
		"--to github,oci,helm", "--to '"+s.At("github")+"' --to '"+s.At("oci")+"' --to '"+s.At("helm")+"'",
		" --images", " --images --registry "+s.Registry+"/einstack/glide --charts "+s.Registry+"/einstack/charts/glide",
		"ghcr.io", s.Registry, "0.1.0", s.Version,
	).Replace(command)
}

// With a key a release is signed and verified as the document says, on a machine that reaches nothing but the
// release's channels.
func TestSignedWithKey(t *testing.T) {
	s := newSigned(t, tool(t))
	s.env = append(s.env, "COSIGN_PASSWORD=hunter2")
	blocks := page.Shell(t, "docs/verify.md")
	var sign, verify, alone string
	for i, into := range []*string{&sign, &verify, &alone} {
		*into = s.place(blocks[len(blocks)-3+i].Text)
	}
	s.run(t, sign)
	held := s.held(t)
	_, again, _ := strings.Cut(sign, "\nrelease sign ")
	_, again, _ = strings.Cut(again, "\n")
	if output := s.run(t, again); strings.Count(output, " 0 put") != 3 {
		t.Errorf("a second run of\n%s\nsaid\n%s", again, output)
	}
	if now := s.held(t); !slices.Equal(now, held) {
		t.Errorf("before and after a second run the registry has\n%s\n\n%s", strings.Join(held, "\n"), strings.Join(now, "\n"))
	}
	s.wantVerified(t, verify)
	s.run(t, "cp release/SHA256SUMS* . && export DOCKER_CONFIG="+loggedIn(t, s.Registry)+"\n"+alone)

	// Another's key is refused for each thing that is signed.
	s.run(t, "mkdir other && cd other && cosign generate-key-pair")
	s.wantRefused(t, strings.ReplaceAll(verify, "cosign.pub", "other/cosign.pub"), "is different: cosign verify", append(s.digests(), "SHA256SUMS")...)

	// What was signed is not what is there.
	s.GitHub.Tamper(s.Tag(), "SHA256SUMS", 3, true)
	s.wantRefused(t, verify, "is different: cosign verify-blob", "SHA256SUMS")
	s.GitHub.Tamper(s.Tag(), "SHA256SUMS", 3, true)

	// The same where nothing was signed.
	elsewhere := strings.NewReplacer("/einstack/", "/unsigned/", "--to '"+s.At("github")+"' ", "").Replace
	publish, _, _ := strings.Cut(again, "\n")
	s.run(t, elsewhere(publish))
	var unsigned []string
	for _, digest := range s.digests() {
		unsigned = append(unsigned, elsewhere(digest))
	}
	s.wantRefused(t, elsewhere(verify), "is missing: it is not signed", unsigned...)

	if asked := s.asked(); len(asked) > 0 {
		t.Errorf("it asked for %q", asked)
	}
}

// With the identity of a workflow: that of the release's own, for its tag, and no other.
func TestSignedByWorkflow(t *testing.T) {
	program := tool(t)
	own := "EinStack/glide/.github/workflows/release.yml@refs/tags/v0.2.0"
	for _, workflow := range []string{
		own,
		"einstack/glide/.github/workflows/release.yml@refs/heads/main",
		"einstack/glide/.github/workflows/check.yml@refs/tags/v0.2.0",
		"mallory/glide/.github/workflows/release.yml@refs/tags/v0.2.0",
	} {
		t.Run(workflow, func(t *testing.T) {
			s := newSigned(t, program)
			services := sigstore.Start(t, workflow)
			s.env = append(s.env, services.Env...)
			s.run(t, s.place("release sign && release publish --to github,oci,helm --notes notes.md && release sign --images"))
			if want := 1 + len(s.digests()); services.Logged() != want {
				t.Errorf("%d signatures are in the log, want %d", services.Logged(), want)
			}
			verify := s.place("release verify --rebuilt result --login --to github,oci,helm")
			if workflow != own {
				output := s.wantRefused(t, verify, "is different: cosign verify", append(s.digests(), "SHA256SUMS")...)
				if !strings.Contains(output, "https://github.com/"+workflow) {
					t.Errorf("it doesn't say who signed:\n%s", output)
				}
				return
			}
			s.wantVerified(t, verify)
			held := s.held(t)
			s.run(t, s.place("release sign --images"))
			if now := s.held(t); !slices.Equal(now, held) {
				t.Errorf("before and after a second run the registry has\n%s\n\n%s", strings.Join(held, "\n"), strings.Join(now, "\n"))
			}
		})
	}
}

// wantVerified fails unless verifying succeeds, with the signatures of everything that is signed.
func (s *signed) wantVerified(t *testing.T, verify string) {
	t.Helper()
	output := s.run(t, verify)
	want := regexp.MustCompile(fmt.Sprintf(`(?m)^signature +same +%d items`, 1+len(s.digests())))
	if !want.MatchString(output) {
		t.Errorf("it says\n%s\nwant %q", output, want)
	}
}

// digests returns the images and charts that are signed.
func (s *signed) digests() []string {
	var all []string
	for _, a := range s.For("oci") {
		all = append(all, s.Registry+"/einstack/glide@sha256:"+a.SHA256)
	}
	for _, a := range s.For("helm") {
		all = append(all, s.Registry+"/einstack/charts/glide@"+a.OCI)
	}
	return all
}

// wantRefused fails unless verifying fails for the signatures of just these things.
func (s *signed) wantRefused(t *testing.T, verify, verdict string, names ...string) string {
	t.Helper()
	output, err := s.try(t, verify)
	if err == nil {
		t.Errorf("it is verified, want %q of %q\n%s", verdict, names, output)
	}
	for _, name := range names {
		if !strings.Contains(output, "release: signature: "+name+" "+verdict) {
			t.Errorf("it says nothing like %q of %s:\n%s", verdict, name, output)
		}
	}
	if found := strings.Count(output, "release: signature: "); found != len(names) {
		t.Errorf("it names %d signatures, want %q:\n%s", found, names, output)
	}
	return output
}
