package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/pack"
)

// A directory is where a rehearsal publishes to: a folder for each version, that appears when all is in
// it.
type directory struct {
	release *Release
	root    string
}

func newDir(r *Release, place string) (Channel, error) {
	return &directory{r, place}, os.MkdirAll(place, 0o755)
}

func (d *directory) Name() string  { return "dir" }
func (d *directory) Place() string { return d.root }

func (d *directory) Plan(context.Context) ([]Stage, error) {
	final := filepath.Join(d.root, d.release.Version)
	_, err := os.Stat(final)
	published := err == nil
	dir := final
	if !published {
		dir = filepath.Join(d.root, "."+d.release.Version+".partial")
	}
	var files Stage
	err = filepath.WalkDir(d.release.Dir, func(path string, entry fs.DirEntry, err error) error {
		// A rehearsal is good before and after the release is signed.
		if err != nil || entry.IsDir() || entry.Name() == manifest.SignatureFile {
			return err
		}
		name, err := filepath.Rel(d.release.Dir, path)
		if err != nil {
			return err
		}
		item, err := d.file(path, filepath.Join(dir, name), published)
		item.Name = name
		files = append(files, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	show := Item{Name: d.release.Version, State: Equal}
	if !published {
		show.State = Absent
		show.Put = func(context.Context) error {
			if err := os.Rename(dir, final); err != nil {
				if _, there := os.Stat(final); there == nil {
					return nil // another publisher was faster; the next look compares
				}
				return err
			}
			return nil
		}
	}
	return []Stage{files, {show}}, nil
}

// file compares a file of the release with a copy of it.
func (d *directory) file(from, to string, published bool) (Item, error) {
	want, size, err := dist.Sum(from)
	if err != nil {
		return Item{}, err
	}
	item := Item{Size: size, State: Absent, Put: func(context.Context) error { return d.copyFile(from, to) }}
	got, _, err := dist.Sum(to)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !published:
		return item, nil
	case errors.Is(err, fs.ErrNotExist):
		item.State, item.Detail = Different, "the version is there without it"
	case err != nil:
		return item, err
	case got == want:
		item.State = Equal
	default:
		item.State, item.Detail = Different, fmt.Sprintf("it has the sum %s, not %s", got, want)
	}
	return item, nil
}

// copyFile copies a file by way of the root, so that what a killed run leaves is not in the version.
func (d *directory) copyFile(from, to string) error {
	content, err := os.Open(from)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	scratch := filepath.Join(d.root, fmt.Sprintf(".%s-%d", filepath.Base(to), os.Getpid()))
	if err := pack.Write(scratch, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	}); err != nil {
		return err
	}
	return os.Rename(scratch, to)
}
