package license

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/test/repo"
)

func TestInspect(t *testing.T) {
	apache, err := os.ReadFile(filepath.Join(repo.Root(), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		files map[string]string
		spdx  string
		err   string
	}{
		"apache":  {files: map[string]string{"LICENSE": string(apache), "NOTICE": "Copyright us", "main.go": ""}, spdx: "Apache-2.0"},
		"none":    {files: map[string]string{"README": "free"}, err: "has no licence"},
		"unknown": {files: map[string]string{"LICENSE": "Do as you are told."}, err: "no licence known to SPDX"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			m, err := inspect("example.org/module", "v1.0.0", dir)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), "example.org/module v1.0.0: ") || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || m.SPDX != tc.spdx {
				t.Fatalf("got %q, %v", m.SPDX, err)
			}
			text := string(notices([]Module{m}))
			for _, want := range []string{"example.org/module v1.0.0 (Apache-2.0)\n", "Copyright us", "TERMS AND CONDITIONS"} {
				if !strings.Contains(text, want) {
					t.Errorf("the notices lack %q", want)
				}
			}
		})
	}
}

func TestReadNeedsFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "run release licenses --out "+dir) {
		t.Errorf("got %v", err)
	}
	if err := pack.WriteBytes(filepath.Join(dir, File), []byte(`[{"path": "std", "spdx": "BSD-3-Clause"}]`)); err != nil {
		t.Fatal(err)
	}
	if ids, err := Read(dir); err != nil || ids[StandardLibrary] != "BSD-3-Clause" {
		t.Errorf("got %v, %v", ids, err)
	}
}
