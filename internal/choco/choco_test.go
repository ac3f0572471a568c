package choco_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/choco"
	"github.com/einstack/glide/test/kit"
)

func TestWrite(t *testing.T) {
	k, dir := kit.New(t, "1.2.3-rc.4"), t.TempDir()
	targets := k.Tree.Matrix.Packaged("chocolatey")
	name, err := choco.Write(k, targets, dir)
	if err != nil {
		t.Fatal(err)
	}
	if name != "glide.1.2.3-rc0004.nupkg" {
		t.Errorf("wrote %s", name)
	}
	files := unzip(t, filepath.Join(dir, name))

	var nuspec struct {
		Metadata struct {
			ID            string `xml:"id"`
			Version       string `xml:"version"`
			Authors       string `xml:"authors"`
			ProjectURL    string `xml:"projectUrl"`
			PackageSource string `xml:"packageSourceUrl"`
			License       string `xml:"licenseUrl"`
			Tags          string `xml:"tags"`
			Summary       string `xml:"summary"`
			Description   string `xml:"description"`
		} `xml:"metadata"`
	}
	if err := xml.Unmarshal(files["glide.nuspec"], &nuspec); err != nil {
		t.Fatal(err)
	}
	m := nuspec.Metadata
	if m.ID != "glide" || m.Version != "1.2.3-rc0004" {
		t.Errorf("nuspec of %s %s", m.ID, m.Version)
	}
	for field, text := range map[string]string{
		"authors": m.Authors, "projectUrl": m.ProjectURL, "packageSourceUrl": m.PackageSource,
		"licenseUrl": m.License, "tags": m.Tags, "summary": m.Summary, "description": m.Description,
	} {
		if text == "" {
			t.Errorf("nuspec has no %s", field)
		}
	}
	for _, part := range []string{"[Content_Types].xml", "_rels/.rels", "package/services/metadata/core-properties/glide.psmdcp"} {
		if err := xml.Unmarshal(files[part], new(struct{ XMLName xml.Name })); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}

	// The script unpacks what is there, and the moderators find its sums.
	for _, target := range targets {
		archive := k.Name(target) + ".zip"
		if string(files["tools/"+archive]) != archive {
			t.Errorf("%s is not the archive of the release", archive)
		}
		download, err := k.Download(archive)
		if err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string]string{"chocolateyInstall.ps1": "'" + archive + "'", "VERIFICATION.txt": download.SHA256} {
			if !bytes.Contains(files["tools/"+file], []byte(want)) {
				t.Errorf("%s has no %s", file, want)
			}
		}
	}
	if len(files["tools/LICENSE.txt"]) == 0 {
		t.Error("no licence")
	}

	again := t.TempDir()
	if _, err := choco.Write(k, targets, again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, filepath.Join(dir, name)), read(t, filepath.Join(again, name))) {
		t.Error("a second package has other bytes")
	}
}

func TestRefuses(t *testing.T) {
	k := kit.New(t, "1.2.3")
	dir := t.TempDir()
	if _, err := choco.Write(k, k.Tree.Matrix.Packaged("chocolatey")[:1], dir); err == nil || !strings.Contains(err.Error(), "give both") {
		t.Errorf("got %v", err)
	}
	k.Tree.Version = "1.2.3-rc.10000"
	if _, err := choco.Write(k, k.Tree.Matrix.Packaged("chocolatey"), dir); err == nil || !strings.Contains(err.Error(), "rc.9999") {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := map[string][]byte{}
	for _, file := range r.File {
		f, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[file.Name], err = io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
