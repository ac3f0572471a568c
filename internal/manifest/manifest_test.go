package manifest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/test/channels"
	"github.com/einstack/glide/test/kit"
	"github.com/einstack/glide/test/repo"
)

func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAssemble(t *testing.T) {
	dir, again := channels.Release(t, "0.2.0", ""), channels.Release(t, "0.2.0", "")
	text := read(t, filepath.Join(dir, manifest.File))
	if !bytes.Equal(text, read(t, filepath.Join(again, manifest.File))) {
		t.Error("the same parts make another release.json")
	}
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(dir, nil); err != nil {
		t.Error(err)
	}
	// What is not chosen is not read.
	chart := filepath.Join(dir, m.For("helm")[0].Name)
	if err := os.WriteFile(chart, []byte("spoiled"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(dir, func(a manifest.Artifact) bool { return a.Kind != "chart" }); err != nil {
		t.Error(err)
	}
	for _, read := range []func(manifest.Artifact) bool{nil, func(a manifest.Artifact) bool { return a.Kind == "chart" }} {
		if err := m.Check(dir, read); err == nil || !strings.Contains(err.Error(), chart+": it has the sum") {
			t.Errorf("got %v of a spoiled chart", err)
		}
	}
	for channel, want := range map[string]int{"chocolatey": 1, "github": 8, "helm": 1, "homebrew": 3, "oci": 2, "scoop": 2, "snap": 2} {
		if got := len(m.For(channel)); got != want {
			t.Errorf("%d artifacts go to %s, want %d", got, channel, want)
		}
	}
	for _, a := range m.Artifacts {
		if a.Name == "glide_0.2.0_linux_armv7.snap" && a.Platform != "linux/armv7" || a.Kind == "chart" && !strings.HasPrefix(a.OCI, "sha256:") {
			t.Errorf("got %+v", a)
		}
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(read(t, filepath.Join(repo.Root(), manifest.SchemaFile)), &schema); err != nil {
		t.Fatal(err)
	}
	conforms(t, "release.json", schema, value)
}

// conforms checks a value against the words of JSON schema that the schema uses.
func conforms(t *testing.T, at string, schema map[string]any, value any) {
	t.Helper()
	switch schema["type"] {
	case "object":
		object, ok := value.(map[string]any)
		if !ok {
			t.Fatalf("%s is no object", at)
		}
		properties := schema["properties"].(map[string]any)
		for _, name := range schema["required"].([]any) {
			if _, ok := object[name.(string)]; !ok {
				t.Errorf("%s lacks %s", at, name)
			}
		}
		for name, member := range object {
			property, ok := properties[name].(map[string]any)
			if !ok {
				t.Fatalf("%s: the schema does not know %s", at, name)
			}
			conforms(t, at+"."+name, property, member)
		}
	case "array":
		for _, element := range value.([]any) {
			conforms(t, at+"[]", schema["items"].(map[string]any), element)
		}
	case "integer":
		if n, ok := value.(float64); !ok || n < 0 {
			t.Errorf("%s is %v", at, value)
		}
	case "string":
		text, ok := value.(string)
		if pattern, has := schema["pattern"].(string); !ok || has && !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s is %v", at, value)
		}
	default:
		t.Errorf("%s: the schema has the type %v", at, schema["type"])
	}
}

func TestCheck(t *testing.T) {
	dir := channels.Release(t, "0.2.0", "")
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(file string) {
		t.Helper()
		content := read(t, file)
		content[len(content)/2] ^= 1
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "images/blobs/sha256/*"))
	if err != nil {
		t.Fatal(err)
	}
	files := append(blobs, filepath.Join(dir, "SHA256SUMS"), filepath.Join(dir, "release.json"))
	for _, a := range m.For("github") {
		files = append(files, filepath.Join(dir, a.Name))
	}
	for _, file := range files {
		flip(file)
		if err := m.Check(dir, nil); err == nil {
			t.Errorf("%s is changed, and nobody minds", file)
		}
		flip(file)
	}
	if err := os.WriteFile(filepath.Join(dir, "stray"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Check(dir, nil); err == nil || !strings.Contains(err.Error(), "stray: release.json does not list it") {
		t.Errorf("got %v", err)
	}
}

func TestRefuses(t *testing.T) {
	k := kit.New(t, "0.2.0")
	sums := filepath.Join(k.Archives, "SHA256SUMS")
	good := string(read(t, sums))
	for text, want := range map[string]string{
		strings.Replace(good, "0", "1", 1):           "but SHA256SUMS beside it says",
		good + strings.Repeat("0", 64) + "  a.txt\n": "a.txt: no kind of artifact has such a name",
	} {
		if err := os.WriteFile(sums, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "release")
		err := manifest.Assemble(k.Tree, manifest.Parts{Folders: []string{k.Archives}}, out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("something was made all the same")
		}
	}
	for text, want := range map[string]string{
		`{"version": "1"}`:  "must not be empty",
		`{"versions": "1"}`: `unknown field "versions"`,
		`{"version":"1","date":"d","go":"g","source":"s","images":"i","artifacts":[{"name":"../x","kind":"k","mediaType":"m","size":1,"sha256":"","channels":["c"]}]}`: "is no plain file name",
	} {
		if _, err := manifest.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
