package tree

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionForm(t *testing.T) {
	for _, tc := range []struct {
		text string
		ok   bool
	}{
		{"0.1.0\n", true},
		{"10.20.30", true},
		{"0.0.2-rc.1\n", true},
		{"0.0.2-rc.10\n", true},
		{"", false},
		{"v0.1.0\n", false},
		{"0.1\n", false},
		{"01.1.0\n", false},
		{"0.1.0-rc.0\n", false},
		{"0.1.0-rc\n", false},
		{"0.1.0-beta.1\n", false},
		{"0.1.0+build\n", false},
		{"0.1.0\n0.2.0\n", false},
		{" 0.1.0\n", false},
	} {
		t.Run(tc.text, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), VersionFile)
			if err := os.WriteFile(file, []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			version, err := readVersion(file)
			if (err == nil) != tc.ok {
				t.Fatalf("got %q, %v", version, err)
			}
			if tc.ok && version != strings.TrimSpace(tc.text) {
				t.Errorf("got %q", version)
			}
		})
	}
}

func TestDate(t *testing.T) {
	file := filepath.Join(t.TempDir(), ChangelogFile)
	text := "# Changelog\n\n## [0.2.0] - 2026-12-24\n\n## [0.1.0] - soon\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	date, err := readDate(file, "0.2.0")
	if err != nil || date.Format("2006-01-02") != "2026-12-24" {
		t.Errorf("got %v, %v", date, err)
	}
	if _, err := readDate(file, "0.1.0"); err == nil || !strings.Contains(err.Error(), `:5: "soon" is not a day`) {
		t.Errorf("got %v", err)
	}
}

// The matrix of this repository has the rows of the user's table and what goes beyond it.
func TestMatrix(t *testing.T) {
	source, err := Find(".")
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"amd64", "arm64", "386", "ppc64le", "s390x", "riscv64"}
	for system, archs := range map[string][]string{
		"darwin":  {"amd64", "arm64"},
		"linux":   append([]string{"armv7"}, all...),
		"freebsd": all,
		"openbsd": all,
		"windows": {"amd64", "386", "arm64"},
	} {
		for _, arch := range archs {
			_, err := source.Matrix.Target(system + "/" + arch)
			if err != nil && !strings.Contains(err.Error(), "is not built: Go ") {
				t.Error(err)
			}
		}
	}
	if built := len(source.Matrix.Built()); built != 19 {
		t.Errorf("%d targets are built, want 19", built)
	}
}

// What is refused is what Go can't build, as the toolchain itself says.
func TestRefusedAreNoPorts(t *testing.T) {
	source, err := Find(".")
	if err != nil {
		t.Fatal(err)
	}
	ports := goPorts(t)
	for _, target := range source.Matrix.Targets {
		if ports[target.OS+"/"+target.Arch] != (target.Refused == "") {
			t.Errorf("%s: Go builds it: %t, refused: %q", target, ports[target.OS+"/"+target.Arch], target.Refused)
		}
	}
}

// goPorts returns the targets that the go command builds, such as "linux/amd64". Broken ones it
// leaves out of its list.
func goPorts(t *testing.T) map[string]bool {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "tool", "dist", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string]bool{}
	for port := range strings.Lines(string(output)) {
		ports[strings.TrimSpace(port)] = true
	}
	return ports
}
