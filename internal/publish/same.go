package publish

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/einstack/glide/internal/dist"
)

// A ContentError says that what the public gets has other bytes than the release.
type ContentError struct {
	Want string // file of the release
	Got  string // file with what the public gets; to be removed by who asked for it
}

func (e *ContentError) Error() string {
	return fmt.Sprintf("%s: the public gets other bytes", filepath.Base(e.Want))
}

// sameAs reads to the end and fails unless it was the bytes of a file.
func sameAs(content io.Reader, file string) error {
	got, err := os.CreateTemp("", "glide-public-*")
	if err != nil {
		return err
	}
	defer got.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, got), content); err != nil {
		_ = os.Remove(got.Name()) // the first error counts
		return err
	}
	want, _, err := dist.Sum(file)
	if err == nil && want != fmt.Sprintf("%x", h.Sum(nil)) {
		return &ContentError{Want: file, Got: got.Name()}
	}
	_ = os.Remove(got.Name()) // a stray file of the system's scratch folder at worst
	return err
}
