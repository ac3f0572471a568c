package publish

import (
	"io"
	"log"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/einstack/glide/test/channels"
)

// A registry that lists referrers itself needs no tag for that. All other tests have one that doesn't.
func TestReferrers(t *testing.T) {
	w := channels.NewWith(t, registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))), "")
	dir := channels.Release(t, "0.2.0", "")
	to := []string{w.At("oci")}
	wantComplete(t, publishTo(t, w, dir, to, nil))
	listed := false
	for _, call := range w.Faults.Calls() {
		listed = listed || strings.Contains(call, "/referrers/")
		if strings.Contains(call, "PUT") && strings.Contains(call, "/manifests/sha256-") {
			t.Errorf("called %s", call)
		}
	}
	if !listed {
		t.Error("the registry was not asked for referrers")
	}
	if again := publishTo(t, w, dir, to, nil)[0]; again.Err != nil || again.Put != 0 {
		t.Errorf("a second run put %d items, %v", again.Put, again.Err)
	}
}
