package bases

import (
	"errors"
	"syscall"
	"testing"

	"github.com/einstack/glide/internal/tree"
)

// On a full disk a download ends at once, and says which file had no room.
func TestDownloadToFullDisk(t *testing.T) {
	m := newMirror(t, "arm64")
	layers, err := m.image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	_, repositories, err := m.repositories(tree.Distro{Base: baseName})
	if err != nil {
		t.Fatal(err)
	}
	err = m.download(t.Context(), repositories, layer, "/dev/full")
	wantError(t, err, "/dev/full: no space left on device")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}
