// Package pack is what all kinds of packages have in common: what they are made of, and how a file
// comes to be in the folder of a release, complete or not at all.
package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
)

// A Kit is what packages are made of: a source tree, and the folders that the commands of release
// made from it.
type Kit struct {
	Tree     *tree.Tree
	Binaries string // as `release build` makes it
	Docs     string // as `release docs` makes it
	Licenses string // as `release licenses` makes it
	Archives string // as `release archives` makes it

	binaries sync.Map // by target, the functions that have read them
}

// A File is a file of a package.
type File struct {
	Name    string // path with slashes, relative to the package's root
	Mode    fs.FileMode
	Content []byte
}

// NoticesFile is the name of the file that holds the licences of all that a binary is made of.
const NoticesFile = "THIRD_PARTY_NOTICES.txt"

// Name returns the name, without an extension, of a target's packages: "glide_0.1.0_linux_amd64".
func (k *Kit) Name(target tree.Target) string {
	return "glide_" + k.Tree.Version + "_" + strings.ReplaceAll(target.Name(), "-", "_")
}

// Binary returns a target's binary, after a look at whether it is what it should be. It is read
// once, however many packages it goes into.
func (k *Kit) Binary(target tree.Target) (File, error) {
	read, _ := k.binaries.LoadOrStore(target.Name(), sync.OnceValues(func() (File, error) { return k.readBinary(target) }))
	return read.(func() (File, error))()
}

func (k *Kit) readBinary(target tree.Target) (File, error) {
	path := filepath.Join(k.Binaries, target.Binary())
	if _, err := dist.Inspect(k.Tree, target, path, nil); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return File{}, fmt.Errorf("the binary of %s is missing: %w; run release build --target %s --out %s", target, err, target, k.Binaries)
		}
		return File{}, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	return File{Name: "glide" + filepath.Ext(target.Binary()), Mode: 0o755, Content: content}, nil
}

// Texts returns what goes with every binary, sorted by name: licence, readme, changelog and notices,
// and the folders completions and man.
func (k *Kit) Texts() ([]File, error) {
	paths := map[string]string{
		"CHANGELOG.md": k.Tree.Path(tree.ChangelogFile),
		"LICENSE":      k.Tree.Path("LICENSE"),
		"README.md":    k.Tree.Path("README.md"),
		NoticesFile:    filepath.Join(k.Licenses, NoticesFile),
	}
	for _, folder := range []string{"completions", "man"} {
		entries, err := os.ReadDir(filepath.Join(k.Docs, folder))
		if err != nil {
			return nil, fmt.Errorf("%w; run release docs --out %s", err, k.Docs)
		}
		for _, entry := range entries {
			paths[path.Join(folder, entry.Name())] = filepath.Join(k.Docs, folder, entry.Name())
		}
	}
	var files []File
	for name, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, 0o644, content})
	}
	SortFiles(files)
	return files, nil
}

// Homepage is where people read about the gateway.
const Homepage = "https://" + tree.Module

// Signer begins a regular expression of who signs a release, as a certificate names the workflow; the
// version follows. GitHub writes the repository there as its owner did, and others in small letters.
const Signer = `^https://github\.com/(?i:einstack/glide)/\.github/workflows/release\.yml@refs/tags/v`

// A Download is an archive where it will be published.
type Download struct {
	Name   string // of the file
	URL    string
	SHA256 string // hexadecimal
}

// Downloads returns the address of the folder with the version's files.
func (k *Kit) Downloads() string { return Homepage + "/releases/download/v" + k.Tree.Version }

// Download returns the download of a target's archive with the given name.
func (k *Kit) Download(name string) (Download, error) {
	sums, err := dist.ReadSums(k.Archives)
	if err != nil {
		return Download{}, fmt.Errorf("%w; run release archives --out %s", err, k.Archives)
	}
	sum, ok := sums[name]
	if !ok {
		return Download{}, fmt.Errorf("%s: has no %s; run release archives again", filepath.Join(k.Archives, dist.SumsFile), name)
	}
	return Download{name, k.Downloads() + "/" + name, sum}, nil
}

// SortFiles sorts files by name.
func SortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
}

// Write makes a file by the given function. The file appears under its name only when it is
// complete; on an error nothing is left.
func Write(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error counts
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// WriteBytes makes a file of the given content as Write does.
func WriteBytes(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
