package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

var digests = map[string]string{
	"alpine":     "sha256:" + strings.Repeat("a", 64),
	"distroless": "sha256:" + strings.Repeat("d", 64),
}

func open(t *testing.T) *tree.Tree {
	t.Helper()
	source, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// unpack makes the chart and returns the files in it.
func unpack(t *testing.T, source *tree.Tree) (files map[string]string, packed []byte) {
	t.Helper()
	dir := t.TempDir()
	name, err := Write(source, digests, dir)
	if err != nil {
		t.Fatal(err)
	}
	if packed, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	gz, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for r := tar.NewReader(gz); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, packed
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(source.Date) || header.Mode != 0o644 {
			t.Errorf("%s is of %s with mode %o", header.Name, header.ModTime, header.Mode)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}

func TestWrite(t *testing.T) {
	source := open(t)
	files, packed := unpack(t, source)
	for _, name := range []string{"glide/Chart.yaml", "glide/values.yaml", "glide/values.schema.json", "glide/README.md", "glide/LICENSE", "glide/templates/tests/chat.yaml", "glide/dashboards/glide.json"} {
		if files[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	for name := range files {
		if strings.HasPrefix(name, "glide/ci") || strings.Contains(name, "/.") {
			t.Errorf("%s is of no use to users", name)
		}
	}

	var values struct {
		Image struct{ Digests map[string]string }
	}
	if err := yaml.Unmarshal([]byte(files["glide/values.yaml"]), &values); err != nil {
		t.Fatal(err)
	}
	if got := values.Image.Digests; len(got) != 2 || got["alpine"] != digests["alpine"] || got["distroless"] != digests["distroless"] {
		t.Errorf("the images are pinned to %v", got)
	}

	// The same from a copy in another place, of another time.
	root := t.TempDir()
	for _, dir := range []string{Dir, "nix"} {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(source.Path(dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{tree.VersionFile, tree.ChangelogFile, "LICENSE"} {
		text, err := os.ReadFile(source.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other, err := tree.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, again := unpack(t, other); !bytes.Equal(again, packed) {
		t.Error("a copy of the tree makes another chart")
	}
}

func TestAnnotations(t *testing.T) {
	for _, tc := range []struct{ version, changelog, prerelease, security, changes string }{
		{"0.1.0-rc.1", "### Added\n\n- A \"word\": with\n  two lines.\n- B.\n\n### Fixed\n\n- C.\n\n## [0.0.9] - 2026-01-01\n\n- D.\n", "true", "false",
			"- {kind: added, description: 'A \"word\": with two lines.'}\n- {kind: added, description: B.}\n- {kind: fixed, description: C.}"},
		{"1.0.0", "### Security\n\n- E.\n", "false", "true", "- {kind: security, description: E.}"},
	} {
		dir := t.TempDir()
		text := "# Changelog\n\n## [" + tc.version + "] - 2026-11-22\n\n" + tc.changelog
		if err := os.WriteFile(filepath.Join(dir, tree.ChangelogFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := annotations(&tree.Tree{Dir: dir, Version: tc.version}, []string{"alpine"})
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]string
		if err := yaml.Unmarshal([]byte(got), &all); err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if all["artifacthub.io/prerelease"] != tc.prerelease || all["artifacthub.io/containsSecurityUpdates"] != tc.security {
			t.Errorf("%s: got %v", tc.version, all)
		}
		if got, want := decode(t, all["artifacthub.io/changes"]), decode(t, tc.changes); !slices.Equal(got, want) {
			t.Errorf("%s: changes are %v, want %v", tc.version, got, want)
		}
		if want := "- name: alpine\n  image: ghcr.io/einstack/glide:" + tc.version + "-alpine\n"; all["artifacthub.io/images"] != want {
			t.Errorf("%s: images are %s", tc.version, all["artifacthub.io/images"])
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, tree.ChangelogFile), []byte("## [1.0.0] - 2026-11-22\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := annotations(&tree.Tree{Dir: dir, Version: "1.0.0"}, nil); err == nil || !strings.Contains(err.Error(), "version 1.0.0 has no entries") {
		t.Errorf("got %v", err)
	}
}

// A new version changes what says it, and nothing else.
func TestVersion(t *testing.T) {
	source := open(t)
	for _, text := range []func(*tree.Tree) ([]byte, error){Metadata, Kustomize} {
		before, err := text(source)
		if err != nil {
			t.Fatal(err)
		}
		after, err := text(&tree.Tree{Dir: source.Dir, Version: "12.3.4"})
		if err != nil {
			t.Fatal(err)
		}
		if want := bytes.ReplaceAll(before, []byte(source.Version), []byte("12.3.4")); !bytes.Equal(after, want) || bytes.Equal(after, before) {
			t.Errorf("at version 12.3.4:\n%s", after)
		}
	}
}

type entry struct{ Kind, Description string }

func decode(t *testing.T, text string) (entries []entry) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return entries
}

func TestParse(t *testing.T) {
	values, err := parse([]byte(`# The head of the file.

# Of the section.
section:
  # Has two
  # lines.
  # @schema {minimum: 1}
  number: 3
  # Text.
  text: ""
# Free.
free: {}
`))
	if err != nil {
		t.Fatal(err)
	}
	table, err := Reference(values)
	if want := "| value | type | default | meaning |\n|---|---|---|---|\n| `section.number` | integer | `3` | Has two lines. |\n" +
		"| `section.text` | string | `\"\"` | Text. |\n| `free` | mapping | `{}` | Free. |\n"; err != nil || table != want {
		t.Errorf("got %s, %v", table, err)
	}
	schema, err := Schema(values)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"minimum": 1`, `"additionalProperties": false`, `"global"`} {
		if !strings.Contains(string(schema), want) {
			t.Errorf("the schema has no %s:\n%s", want, schema)
		}
	}
	for text, want := range map[string]string{
		"a: 1\n":                      "1: a has no comment; say above it what it leads to",
		"# A.\na: 1\n\nb: {c: 2}\n":   "4: b.c has no comment",
		"# A.\n# @schema {[}\na: 1\n": "2: ",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// Each secret that a configuration may hold is refused if it is written out.
func TestSecrets(t *testing.T) {
	values, err := Values(open(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Schema(values)
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, key := range config.Keys() {
		if key.Type != "secret" && key.Type != "PEM" && !strings.HasSuffix(key.Path, ".headers") {
			continue
		}
		found++
		at := root["properties"].(object)["config"].(object)
		for name := range strings.SplitSeq(key.Path, ".") {
			name, list := strings.CutSuffix(name, "[]")
			if at = at["properties"].(object)[name].(object); list {
				at = at["items"].(object)
			}
		}
		if of, ok := at["patternProperties"].(object); ok {
			at = of[credential].(object)
		}
		if at["else"] == nil {
			t.Errorf("%s may be written out: %v", key.Path, at)
		}
	}
	if found < 15 {
		t.Errorf("found only %d secrets", found)
	}
}

// The flavors that users may choose are the distros of the matrix.
func TestFlavors(t *testing.T) {
	source := open(t)
	values, err := Values(source)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(values, func(v Value) bool { return v.Path == "image.flavor" })
	flavors := values[i].Schema["enum"].([]any)
	if len(flavors) != len(source.Matrix.Distros) {
		t.Errorf("the chart knows %v", flavors)
	}
	for _, flavor := range flavors {
		if _, ok := source.Matrix.Distros[flavor.(string)]; !ok {
			t.Errorf("the matrix has no %v", flavor)
		}
	}
}

// Dashboard and alerts ask for metrics that the gateway tells.
func TestMetrics(t *testing.T) {
	g, err := gateway.New(config.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	g.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	told := answer.Body.String()

	dashboard, err := Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := os.ReadFile(filepath.Join(repo.Root(), Dir, "templates", "prometheusrule.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range regexp.MustCompile(`([a-z_]+)\{`).FindAllStringSubmatch(string(dashboard)+string(alerts), -1) {
		found++
		base := strings.TrimSuffix(strings.TrimSuffix(name[1], "_bucket"), "_sum")
		if !strings.Contains(told, "# TYPE "+base+" ") {
			t.Errorf("the gateway tells no %s", name[1])
		}
	}
	if found < 15 {
		t.Errorf("only %d metrics are asked for", found)
	}
}
