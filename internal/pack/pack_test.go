package pack

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/tree"
)

// A file that can't be finished leaves the one that was there, and nothing else.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := Write(path, func(w io.Writer) error {
		if _, err := w.Write([]byte("half")); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "write "+path) {
		t.Errorf("got %v", err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "old" {
		t.Errorf("the file holds %q, %v", content, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
	if err := WriteBytes(filepath.Join(dir, "none", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into a folder that isn't there: %v", err)
	}
}

func TestBinary(t *testing.T) {
	source, binaries := &tree.Tree{Version: "1.2.3", Date: time.Now()}, t.TempDir()
	k := &Kit{Tree: source, Binaries: binaries}
	target := tree.Target{OS: "linux", Arch: "arm", ARM: "7"}
	if got := k.Name(target); got != "glide_1.2.3_linux_armv7" {
		t.Errorf("name %s", got)
	}
	if _, err := k.Binary(target); err == nil || !strings.Contains(err.Error(), "the binary of linux/armv7 is missing") || !strings.Contains(err.Error(), "run release build --target linux/armv7") {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(filepath.Join(binaries, target.Binary()), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	k = &Kit{Tree: source, Binaries: binaries}
	if _, err := k.Binary(target); err == nil || !strings.Contains(err.Error(), "no program for linux/armv7") {
		t.Errorf("a script: %v", err)
	}
}
