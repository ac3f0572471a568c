// Package scoop makes the manifests of a Scoop bucket.
package scoop

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

// Bucket is the repository of the bucket.
const Bucket = "https://github.com/einstack/scoop-bucket"

// Scoop's names of architectures, by GOARCH.
var archs = map[string]string{"386": "32bit", "amd64": "64bit", "arm64": "arm64"}

type (
	manifest struct {
		Version      string            `json:"version"`
		Description  string            `json:"description"`
		Homepage     string            `json:"homepage"`
		License      string            `json:"license"`
		Architecture map[string]source `json:"architecture"`
		Bin          string            `json:"bin"`
	}
	source struct {
		URL        string `json:"url"`
		Hash       string `json:"hash"`
		ExtractDir string `json:"extract_dir"`
	}
)

// Write makes the manifests that a version may go to, in dir, and returns their names. They have the
// names of the formulas, without those of old versions: Scoop finds these by itself.
func Write(k *pack.Kit, targets []tree.Target, dir string) ([]string, error) {
	channels, err := policy.Of(k.Tree.Version, nil)
	if err != nil {
		return nil, err
	}
	m := manifest{
		Version:      k.Tree.Version,
		Description:  "LLM gateway that starts in one command anywhere",
		Homepage:     pack.Homepage,
		License:      "Apache-2.0",
		Architecture: map[string]source{},
		Bin:          "glide.exe",
	}
	for _, target := range targets {
		arch, ok := archs[target.Arch]
		if !ok || target.OS != "windows" {
			return nil, fmt.Errorf("%s: Scoop does not run on it", target)
		}
		download, err := k.Download(archive.Name(k, target))
		if err != nil {
			return nil, err
		}
		m.Architecture[arch] = source{download.URL, download.SHA256, k.Name(target)}
	}
	content, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range channels.Formulas {
		if strings.Contains(name, "@") {
			continue
		}
		file := name + ".json"
		if err := pack.WriteBytes(filepath.Join(dir, file), append(content, '\n')); err != nil {
			return nil, err
		}
		names = append(names, file)
	}
	return names, nil
}
