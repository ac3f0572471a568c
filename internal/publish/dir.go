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
	return &directory{r, place}, nil
}

func (d *directory) Name() string  { return "dir" }
func (d *directory) Place() string { return d.root }

func (d *directory) Plan(ctx context.Context) ([]Stage, error) {
	final := filepath.Join(d.root, d.release.Version)
	published := exists(final)
	dir := final
	if !published {
		dir = filepath.Join(d.root, "."+d.release.Version+".partial")
	}
	var files []glance
	err := filepath.WalkDir(d.release.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == manifest.SignatureFile {
			return err
		}
		name, err := filepath.Rel(d.release.Dir, path)
		if err != nil {
			return err
		}
		files = append(files, func(context.Context) (Item, error) { return d.file(name, dir, published) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	// A rehearsal is good before and after the release is signed, so a signature may come later.
	if exists(d.release.path(manifest.SignatureFile)) {
		files = append(files, func(context.Context) (Item, error) { return d.signature(dir), nil })
	}
	stages, err := look(ctx, files)
	if err != nil {
		return nil, err
	}
	show := Item{Name: d.release.Version, State: Equal}
	if !published {
		show.State = Absent
		show.Put = func(context.Context) error {
			if err := os.Rename(dir, final); err != nil {
				if exists(final) {
					return nil // another publisher was faster; the next look compares
				}
				return err
			}
			return nil
		}
	}
	return append(stages, Stage{show}), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// signature looks for any signature in dir, since it is another each time it is made.
func (d *directory) signature(dir string) Item {
	item := Item{Name: manifest.SignatureFile, State: Equal}
	if to := filepath.Join(dir, item.Name); !exists(to) {
		item.State = Absent
		item.Put = func(context.Context) error { return d.copyFile(d.release.path(item.Name), to) }
	}
	return item
}

// file compares a file of the release with its copy in dir.
func (d *directory) file(name, dir string, published bool) (Item, error) {
	from, to := d.release.path(name), filepath.Join(dir, name)
	item := Item{Name: name, State: Absent, Put: func(context.Context) error { return d.copyFile(from, to) }}
	info, err := os.Stat(from)
	if err != nil {
		return item, err
	}
	item.Size = info.Size()
	want, err := d.release.sum(name)
	if err != nil {
		return item, err
	}
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
		item.Check = func(context.Context) error { return checkFile(to, from) }
	}
	return item, nil
}

func checkFile(got, want string) error {
	content, err := os.Open(got)
	if err != nil {
		return err
	}
	defer content.Close()
	return sameAs(content, want)
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
	scratch, err := os.MkdirTemp(d.root, ".copy-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	whole := filepath.Join(scratch, filepath.Base(to))
	if err := pack.Write(whole, func(w io.Writer) error {
		_, err := io.Copy(w, content)
		return err
	}); err != nil {
		return err
	}
	return os.Rename(whole, to)
}
