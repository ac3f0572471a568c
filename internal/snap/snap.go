// Package snap makes snaps: the program and its description, as a file system image.
//
// The image is made by mksquashfs with the options of `snap pack`, since the store unpacks a snap,
// packs it again with them and refuses it if the bytes differ. So it takes squashfs-tools to make one,
// and the same version of them to make the same bytes.
package snap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

// The store's names of architectures, by GOARCH.
var archs = map[string]string{
	"386":     "i386",
	"amd64":   "amd64",
	"arm":     "armhf",
	"arm64":   "arm64",
	"ppc64le": "ppc64el",
	"riscv64": "riscv64",
	"s390x":   "s390x",
}

// A description is what meta/snap.yaml and snapcraft.yaml have in common.
type description struct {
	Name        string         `yaml:"name"`
	Version     string         `yaml:"version"`
	Summary     string         `yaml:"summary"`
	Description string         `yaml:"description"`
	License     string         `yaml:"license"`
	Base        string         `yaml:"base"`
	Grade       string         `yaml:"grade"`
	Confinement string         `yaml:"confinement"`
	Apps        map[string]app `yaml:"apps"`
}

type app struct {
	Command     string            `yaml:"command"`
	Daemon      string            `yaml:"daemon,omitempty"`
	InstallMode string            `yaml:"install-mode,omitempty"`
	Restart     string            `yaml:"restart-condition,omitempty"`
	StopTimeout string            `yaml:"stop-timeout,omitempty"`
	Environment map[string]string `yaml:"environment,omitempty"`
	Plugs       []string          `yaml:"plugs"`
}

func describe(t *tree.Tree) (description, error) {
	// A version's grade does not depend on what else is out.
	channels, err := policy.Of(t.Version, nil)
	if err != nil {
		return description{}, err
	}
	if len(t.Version) > 32 {
		return description{}, fmt.Errorf("%s: snaps have versions of up to 32 characters; choose a shorter one", t.Version)
	}
	return description{
		Name:    "glide",
		Version: t.Version,
		Summary: "LLM gateway that starts in one command anywhere",
		Description: `Glide takes chat requests as the API of OpenAI does and sends each to a
healthy model, at OpenAI or anywhere else. Without a configuration
it answers from a simulated model: run glide and try it.

To run it as a service:

    glide config default | sudo tee /var/snap/glide/common/config.yaml
    sudo snap start --enable glide.server
`,
		License: "Apache-2.0",
		// A static program needs nothing of a base; the system's certificates are in sight without one.
		Base:        "bare",
		Grade:       channels.SnapGrade,
		Confinement: "strict",
		Apps: map[string]app{
			"glide": {Command: "bin/glide", Plugs: []string{"network", "network-bind", "home"}},
			// It starts when there is a configuration, so when the administrator says so.
			"server": {
				Command:     "bin/glide serve",
				Daemon:      "simple",
				InstallMode: "disable",
				Restart:     "on-failure",
				StopTimeout: "60s",
				Environment: map[string]string{"GLIDE_CONFIG": "$SNAP_COMMON/config.yaml"},
				Plugs:       []string{"network", "network-bind"},
			},
		},
	}, nil
}

// Name returns the file name of a target's snap: "glide_0.1.0_linux_amd64.snap".
func Name(k *pack.Kit, target tree.Target) string {
	return k.Name(target) + ".snap"
}

// Arch returns the store's name of the architecture of a target such as "linux/arm64".
func Arch(target string) (string, error) {
	_, arch, _ := strings.Cut(target, "/")
	if name, ok := archs[strings.TrimSuffix(arch, "v7")]; ok {
		return name, nil
	}
	return "", fmt.Errorf("%s: the store has no snaps for it", target)
}

// Write makes the snap of a target in dir and returns its name.
func Write(ctx context.Context, k *pack.Kit, target tree.Target, dir string) (string, error) {
	arch, ok := archs[target.Arch]
	if !ok || target.OS != "linux" {
		return "", fmt.Errorf("%s: the store has no snaps for it", target)
	}
	files, err := contents(k, target, arch)
	if err != nil {
		return "", err
	}
	scratch, err := os.MkdirTemp(dir, ".snap-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	root := filepath.Join(scratch, "root")
	for _, file := range files {
		path := filepath.Join(root, filepath.FromSlash(file.Name))
		if err := errors.Join(
			os.MkdirAll(filepath.Dir(path), 0o755),
			os.WriteFile(path, file.Content, file.Mode),
			os.Chmod(path, file.Mode), // whatever the umask is
		); err != nil {
			return "", err
		}
	}
	name := Name(k, target)
	image := filepath.Join(scratch, name)
	if err := squash(ctx, root, image, strconv.FormatInt(k.Tree.Date.Unix(), 10)); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return name, os.Rename(image, filepath.Join(dir, name))
}

func contents(k *pack.Kit, target tree.Target, arch string) ([]pack.File, error) {
	binary, err := k.Binary(target)
	if err != nil {
		return nil, err
	}
	binary.Name = "bin/glide"
	common, err := describe(k.Tree)
	if err != nil {
		return nil, err
	}
	meta, err := marshal(struct {
		description   `yaml:",inline"`
		Architectures []string `yaml:"architectures"`
	}{common, []string{arch}})
	if err != nil {
		return nil, err
	}
	files := []pack.File{binary, {Name: "meta/snap.yaml", Mode: 0o644, Content: meta}}
	texts, err := k.Texts()
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		if slices.Contains([]string{"LICENSE", pack.NoticesFile}, text.Name) {
			files = append(files, text)
		}
	}
	return files, nil
}

// squash makes a file system image of a folder, all of it of the given time, in seconds.
func squash(ctx context.Context, root, image, seconds string) error {
	cmd := exec.CommandContext(ctx, "mksquashfs", root, image,
		"-noappend", "-comp", "xz", "-all-root", "-no-xattrs", "-no-fragments", "-no-progress", "-quiet",
		"-processors", "1", "-mkfs-time", seconds, "-all-time", seconds)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		// Beside it mksquashfs takes no times.
		return strings.HasPrefix(entry, "SOURCE_DATE_EPOCH=")
	})
	output, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w; install squashfs-tools", err)
	}
	if err != nil {
		return fmt.Errorf("mksquashfs: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

func marshal(document any) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	return text.Bytes(), encoder.Close()
}
