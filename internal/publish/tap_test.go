package publish

import (
	"testing"

	"github.com/einstack/glide/internal/manifest"
)

// What the policy has no place for reaches none, not even one that nobody has taken.
func TestTapRefuses(t *testing.T) {
	r := &Release{Manifest: &manifest.Manifest{Version: "0.2.0-rc.1"}}
	channel, err := newHomebrew(r, "file:///tap")
	if err != nil {
		t.Fatal(err)
	}
	if content, err := channel.(*tap).update("glide", nil, []byte(`  version "0.2.0-rc.1"`)); err == nil {
		t.Errorf("a candidate becomes %s", content)
	}
}
