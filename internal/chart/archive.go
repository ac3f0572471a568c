package chart

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/archive"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// Name returns the file name of the chart of a version, as Helm has it: "glide-0.1.0.tgz".
func Name(version string) string { return "glide-" + version + ".tgz" }

// Write makes the chart in dir and returns its name. It installs the images with the given digests,
// "sha256:...", by flavor, such as "alpine". Unlike those of `helm package` its bytes depend on
// nothing else.
func Write(t *tree.Tree, digests map[string]string, dir string) (string, error) {
	files, err := contents(t, digests)
	if err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	name := Name(t.Version)
	return name, pack.Write(filepath.Join(dir, name), func(w io.Writer) error {
		return archive.TarGz(w, files, t.Date)
	})
}

// contents returns the files of the chart as it is published, below the folder glide.
func contents(t *tree.Tree, digests map[string]string) ([]pack.File, error) {
	flavors := slices.Sorted(maps.Keys(digests))
	if len(flavors) == 0 {
		return nil, fmt.Errorf("there are no images; a release pins theirs")
	}
	var files []pack.File
	root := t.Path(Dir)
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			if name == "ci" || name == "tests" { // as .helmignore says
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		switch name {
		case "Chart.yaml":
			if content, err = Metadata(t); err != nil {
				return err
			}
			more, err := annotations(t, flavors)
			if err != nil {
				return err
			}
			content = append(content, more...)
		case "values.yaml":
			if content, err = pin(content, digests, flavors); err != nil {
				return err
			}
		}
		files = append(files, pack.File{Name: path.Join("glide", name), Mode: 0o644, Content: content})
		return nil
	})
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(t.Path("LICENSE"))
	if err != nil {
		return nil, err
	}
	files = append(files, pack.File{Name: "glide/LICENSE", Mode: 0o644, Content: license})
	pack.SortFiles(files)
	return files, nil
}
