package verify

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// firstDifference says where a file that is published first differs from the one that was made again,
// as far as the form of the file is known: by the entry of an archive, or by the byte.
func firstDifference(got, want string) string {
	entries := map[string]func(string) ([]entry, error){
		".tar.gz": tarEntries, ".tgz": tarEntries, ".zip": zipEntries, ".nupkg": zipEntries,
	}
	for extension, read := range entries {
		if !strings.HasSuffix(want, extension) {
			continue
		}
		g, gotErr := read(got)
		w, wantErr := read(want)
		if wantErr != nil {
			break
		}
		if text := entryDifference(g, w); text != "" {
			return text
		}
		if gotErr != nil {
			return fmt.Sprintf("the published archive ends after %d entries: %v", len(g), gotErr)
		}
	}
	return byteDifference(got, want)
}

// An entry is a file of an archive.
type entry struct {
	name, header string
	content      []byte
}

func entryDifference(got, want []entry) string {
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		switch {
		case g.name != w.name:
			return fmt.Sprintf("entry %d is %s, not %s", i+1, g.name, w.name)
		case g.header != w.header:
			return fmt.Sprintf("entry %s: %s, not %s", g.name, g.header, w.header)
		case !bytes.Equal(g.content, w.content):
			return fmt.Sprintf("entry %s: %s", g.name, readerDifference(bytes.NewReader(g.content), bytes.NewReader(w.content)))
		}
	}
	if len(got) > len(want) {
		return fmt.Sprintf("entry %s is one too many", got[len(want)].name)
	}
	return ""
}

func tarEntries(file string) ([]entry, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var all []entry
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return all, err
		}
		header := fmt.Sprintf("mode %o, owner %d:%d, time %s", h.Mode, h.Uid, h.Gid, h.ModTime.UTC().Format("2006-01-02T15:04:05"))
		all = append(all, entry{h.Name, header, content})
	}
}

func zipEntries(file string) ([]entry, error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []entry
	for _, f := range r.File {
		content, err := f.Open()
		if err != nil {
			return all, err
		}
		text, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return all, fmt.Errorf("%s: %w", f.Name, err)
		}
		header := fmt.Sprintf("mode %o, time %s", f.Mode(), f.Modified.UTC().Format("2006-01-02T15:04:05"))
		all = append(all, entry{f.Name, header, text})
	}
	return all, nil
}

func byteDifference(got, want string) string {
	g, err := os.Open(got)
	if err != nil {
		return err.Error()
	}
	defer g.Close()
	w, err := os.Open(want)
	if err != nil {
		return err.Error()
	}
	defer w.Close()
	return readerDifference(g, w)
}

func readerDifference(got, want io.Reader) string {
	g, w := bufio.NewReader(got), bufio.NewReader(want)
	for at := 0; ; at++ {
		a, gotErr := g.ReadByte()
		b, wantErr := w.ReadByte()
		switch {
		case gotErr != nil && wantErr != nil:
			return "the bytes are the same"
		case gotErr != nil:
			return fmt.Sprintf("it ends at byte %d", at)
		case wantErr != nil:
			return fmt.Sprintf("it goes on after byte %d", at)
		case a != b:
			return fmt.Sprintf("byte %d is %#02x, not %#02x", at, a, b)
		}
	}
}
