package demo_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/demo"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

var digest = "sha256:" + strings.Repeat("a1", 32)

// images writes a list of images with the given tag and returns its folder.
func images(t *testing.T, tag string) string {
	t.Helper()
	dir := t.TempDir()
	list := fmt.Sprintf(`{"repository": "registry.example/glide", "tags": [{"tag": %q, "digest": %q}]}`, tag, digest)
	if err := os.WriteFile(filepath.Join(dir, "images.json"), []byte(list), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T) *tree.Tree {
	t.Helper()
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestWrite(t *testing.T) {
	source, out := open(t), t.TempDir()
	tag := demo.Tag(source.Version)
	name, err := demo.Write(source, images(t, tag), out)
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, filepath.Join(out, name))
	root := "glide-demo_" + source.Version + "/"
	want := "image: ${GLIDE_IMAGE:-registry.example/glide:" + tag + "@" + digest + "}\n"
	if compose := files[root+"compose.yaml"]; !strings.Contains(compose, want) {
		t.Errorf("compose.yaml does not have %q:\n%s", want, compose)
	}
	for _, file := range []string{"README.md", "Makefile", ".env.example", "glide/config.yaml", "glide/config-openai.yaml"} {
		if files[root+file] == "" {
			t.Errorf("the archive has no %s", file)
		}
	}
	if _, ok := files[root+".env"]; ok {
		t.Error("the archive has somebody's .env")
	}
}

func TestRefuses(t *testing.T) {
	source, out := open(t), t.TempDir()
	if _, err := demo.Write(source, images(t, "0.0.0-distroless"), out); err == nil || !strings.Contains(err.Error(), "has no tag "+demo.Tag(source.Version)) {
		t.Errorf("the images of another version: got %v", err)
	}
	if _, err := demo.Write(source, out, out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without images: got %v", err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) > 0 {
		t.Errorf("left %v (%v)", entries, err)
	}
	if _, err := demo.Pin([]byte("services: {}"), "glide:1"); err == nil {
		t.Error("a file without the image was taken")
	}
}

func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(gz); ; {
		header, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}
