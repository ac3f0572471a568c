// Package demo makes the archive of the Docker Compose demo: the folder demo of the source tree,
// with the image of its own release, by digest.
package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// ComposeFile is where the source tree has the services.
const ComposeFile = "demo/compose.yaml"

// distro is that of the image that the demo starts.
const distro = "distroless"

// reference is the image in the file of services, which a variable can replace.
var reference = regexp.MustCompile(`(\$\{GLIDE_IMAGE:-)[^}]*\}`)

// Tag returns the tag of the image that the demo of a version starts.
func Tag(version string) string { return version + "-" + distro }

// Pin returns the file of services with the given image.
func Pin(compose []byte, image string) ([]byte, error) {
	if !reference.Match(compose) {
		return nil, fmt.Errorf("%s: has no image of the form ${GLIDE_IMAGE:-NAME}", ComposeFile)
	}
	return reference.ReplaceAll(compose, []byte("${1}"+image+"}")), nil
}

// Write makes the archive in dir, with the digest that images.json in the folder images has for the
// tag, and returns the archive's name.
func Write(t *tree.Tree, images, dir string) (string, error) {
	pinned, err := find(images, Tag(t.Version))
	if err != nil {
		return "", err
	}
	files, err := read(t)
	if err != nil {
		return "", err
	}
	root := "glide-demo_" + t.Version
	for i, file := range files {
		if file.Name == ComposeFile {
			if files[i].Content, err = Pin(file.Content, pinned); err != nil {
				return "", err
			}
		}
		files[i].Name = root + "/" + file.Name[len("demo/"):]
	}
	name := root + ".tar.gz"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return name, pack.Write(filepath.Join(dir, name), func(w io.Writer) error { return archive.TarGz(w, files, t.Date) })
}

// find returns the image of a tag, by tag and digest.
func find(images, tag string) (string, error) {
	path := filepath.Join(images, image.ListFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w; --images is a folder that nix build .#images made", err)
	}
	var list image.List
	if err := json.Unmarshal(content, &list); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	for _, listed := range list.Tags {
		if listed.Tag == tag {
			return fmt.Sprintf("%s:%s@%s", list.Repository, tag, listed.Digest), nil
		}
	}
	return "", fmt.Errorf("%s: has no tag %s; make the images of this version", path, tag)
}

// read returns the files of the demo, sorted by name, but for those that a user of it makes.
func read(t *tree.Tree) ([]pack.File, error) {
	var files []pack.File
	dir := os.DirFS(t.Path("."))
	err := fs.WalkDir(dir, "demo", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(name) == ".env" {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		files = append(files, pack.File{Name: name, Mode: 0o644, Content: content})
		return err
	})
	pack.SortFiles(files)
	return files, err
}
