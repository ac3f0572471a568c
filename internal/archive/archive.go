// Package archive packs a binary with its licence, manual and completions, as a .tar.gz, or a .zip
// for Windows. Owner, mode, order and time of what is inside are fixed, so that the bytes depend on
// the contents alone.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// Name returns the file name of a target's archive: "glide_0.1.0_linux_amd64.tar.gz".
func Name(k *pack.Kit, target tree.Target) string {
	if target.OS == "windows" {
		return k.Name(target) + ".zip"
	}
	return k.Name(target) + ".tar.gz"
}

// Write makes the archive of a target in dir and returns its name.
func Write(k *pack.Kit, target tree.Target, dir string) (string, error) {
	binary, err := k.Binary(target)
	if err != nil {
		return "", err
	}
	name := Name(k, target)
	return name, write(k, k.Name(target), binary, filepath.Join(dir, name))
}

// Universal is the target that stands for all of macOS.
var Universal = tree.Target{OS: "darwin", Arch: "universal"}

// WriteUniversal makes the archive of a binary for all the targets in dir, each of them macOS, and
// returns its name.
func WriteUniversal(k *pack.Kit, targets []tree.Target, dir string) (string, error) {
	var slices [][]byte
	for _, target := range targets {
		binary, err := k.Binary(target)
		if err != nil {
			return "", err
		}
		slices = append(slices, binary.Content)
	}
	fat, err := join(slices)
	if err != nil {
		return "", err
	}
	name := Name(k, Universal)
	binary := pack.File{Name: "glide", Mode: 0o755, Content: fat}
	return name, write(k, k.Name(Universal), binary, filepath.Join(dir, name))
}

func write(k *pack.Kit, root string, binary pack.File, path string) error {
	files, err := k.Texts()
	if err != nil {
		return err
	}
	files = append(files, binary)
	for i := range files {
		files[i].Name = root + "/" + files[i].Name
	}
	pack.SortFiles(files)

	form := TarGz
	if filepath.Ext(path) == ".zip" {
		form = Zip
	}
	return pack.Write(path, func(w io.Writer) error { return form(w, files, k.Tree.Date) })
}

// TarGz writes files as a gzipped tar archive, all with the same time and of root.
func TarGz(w io.Writer, files []pack.File, date time.Time) error {
	// Its header has no name and no time.
	gz := gzip.NewWriter(w)
	t := tar.NewWriter(gz)
	for _, file := range files {
		header := &tar.Header{
			Name:    file.Name,
			Mode:    int64(file.Mode),
			Size:    int64(len(file.Content)),
			ModTime: date,
			Uname:   "root",
			Gname:   "root",
			Format:  tar.FormatUSTAR,
		}
		if err := t.WriteHeader(header); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if _, err := t.Write(file.Content); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return gz.Close()
}

// Zip writes files as a zip archive, all with the same time.
func Zip(w io.Writer, files []pack.File, date time.Time) error {
	z := zip.NewWriter(w)
	for _, file := range files {
		header := &zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: date.UTC()}
		header.SetMode(file.Mode)
		entry, err := z.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if _, err := io.Copy(entry, bytes.NewReader(file.Content)); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return z.Close()
}
