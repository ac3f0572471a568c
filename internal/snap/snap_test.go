package snap

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/test/kit"
)

func TestDescribe(t *testing.T) {
	for version, grade := range map[string]string{"1.2.3": "stable", "1.2.3-rc.1": "devel"} {
		d, err := describe(kit.New(t, version).Tree)
		if err != nil || d.Grade != grade || d.Version != version {
			t.Errorf("%s: grade %s of version %s, %v", version, d.Grade, d.Version, err)
		}
	}
	if _, err := describe(kit.New(t, "1.2."+strings.Repeat("9", 17)+"-rc.1234").Tree); err != nil {
		t.Errorf("29 characters: %v", err)
	}
}

// The script that the store's builders run is one that a shell understands, for every architecture.
func TestWriteSnapcraft(t *testing.T) {
	k, dir := kit.New(t, "1.2.3"), t.TempDir()
	name, err := WriteSnapcraft(k, k.Tree.Matrix.Packaged("snap"), dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var file snapcraft
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if file.Base != "bare" || file.BuildBase != "core24" || len(file.Platforms) != 6 {
		t.Errorf("base %s on %s for %d platforms", file.Base, file.BuildBase, len(file.Platforms))
	}
	script := file.Parts["glide"].OverrideBuild
	for arch := range file.Platforms {
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", "curl() { echo \"$*\"; exit; }\n"+script)
		cmd.Env = append(os.Environ(), "CRAFT_ARCH_BUILD_FOR="+arch)
		output, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "/releases/download/v1.2.3/glide_1.2.3_linux_") {
			t.Errorf("%s: %v\n%s", arch, err, output)
		}
	}
}
