//go:build e2e

package images

import (
	"archive/tar"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A file is one of an image's, with where it came from.
type file struct {
	*tar.Header
	content []byte
	ours    bool
}

// A filesystem is what a container sees: files by their paths without a slash at either end.
type filesystem map[string]file

// unpack lays an image's layers over each other. The first ones are those of the base.
func unpack(t *testing.T, image v1.Image, ofBase int) filesystem {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	fs := filesystem{}
	for i, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		for r := tar.NewReader(content); ; {
			header, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			name := path.Clean("/" + header.Name)[1:]
			// The folder of the roots takes the place of Red Hat's link, and is linked to from there.
			if under, ok := fs[name]; ok && under.Typeflag == tar.TypeSymlink && header.Typeflag == tar.TypeDir && name != "etc/ssl/certs" {
				t.Errorf("layer %d hides the link /%s -> %s of a layer below", i, name, under.Linkname)
			}
			fs[name] = file{header, data, i >= ofBase}
		}
	}
	return fs
}

// resolve follows links and returns the path of what a path leads to, and whether it is there.
func (fs filesystem) resolve(name string) (string, bool) {
	for range 40 {
		parts := strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
		link := -1
		for i := range parts {
			if f, ok := fs[strings.Join(parts[:i+1], "/")]; ok && f.Typeflag == tar.TypeSymlink {
				link = i
				break
			}
		}
		if link < 0 {
			name = strings.Join(parts, "/")
			_, ok := fs[name]
			return name, ok
		}
		at := strings.Join(parts[:link+1], "/")
		target := fs[at].Linkname
		if !path.IsAbs(target) {
			target = path.Join(path.Dir("/"+at), target)
		}
		name = path.Join(append([]string{target}, parts[link+1:]...)...)
	}
	return name, false
}

// open returns the file that a path leads to.
func (fs filesystem) open(t *testing.T, name string) file {
	t.Helper()
	found, ok := fs.resolve(name)
	if !ok {
		t.Fatalf("/%s is not there", name)
	}
	return fs[found]
}
