package verify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/publish"
)

// Where there is no cosign it is said what to install, and that a release is not signed all the same. What cosign
// itself finds, test/publish has.
func TestWithoutCosign(t *testing.T) {
	w, r := publishedAs(t, func(r *publish.Release) {
		r.Bare = true
		if err := os.Remove(filepath.Join(r.Dir, manifest.SignatureFile)); err != nil {
			t.Fatal(err)
		}
	})
	opened := channelsOf(t, w, r)
	t.Setenv("PATH", t.TempDir())
	signer := Signer{Release: r}
	digest := "registry.example/glide@sha256:" + strings.Repeat("0", 64)
	want := []Row{
		{"signature", "SHA256SUMS", Missing, "it is not signed"},
		{"signature", digest, Unchecked, "install cosign 3 to check it"},
	}
	if got := signer.Check(t.Context(), opened, []string{digest}); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if err := signer.Sign(t.Context()); err == nil || !strings.Contains(err.Error(), "install cosign 3") {
		t.Errorf("got %v", err)
	}
	if got := signer.Check(t.Context(), opened[:0], nil); got != nil {
		t.Errorf("of no channel with sums got %+v", got)
	}
}
