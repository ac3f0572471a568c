//go:build e2e

// Package chart tests the Helm chart without a cluster: what helm renders of it, that wrong values
// are refused in words that help, and that what is rendered is what Kubernetes and Prometheus read.
package chart

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

var update = flag.Bool("update", false, "write the golden files and deploy/kustomize/glide.yaml anew")

// source is the chart's folder.
var source = filepath.Join(repo.Root(), chart.Dir)

// helms are the versions of Helm that the chart is for.
var helms = []string{"helm", "helm4"}

// run runs a program of the lab and returns what it wrote.
func run(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	shell := `eval "$(` + repo.Lab("env").String() + `)"; exec "$@"`
	output, err := exec.CommandContext(t.Context(), "bash", append([]string{"-c", shell, "lab", program}, args...)...).CombinedOutput()
	return string(output), err
}

// must is as [run] for what has to succeed.
func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := run(t, program, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, output)
	}
	return output
}

// scenarios returns the files of values that stand for what users want.
func scenarios(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(source, "ci", "*-values.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	return files
}

func golden(scenario string) string {
	return filepath.Join("testdata", strings.TrimSuffix(filepath.Base(scenario), "-values.yaml")+".yaml")
}

// decode reads a file of values.
func decode(t *testing.T, file string, values any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, values); err != nil {
		t.Fatal(err)
	}
}

// A manifest is what the tests look at of one.
type manifest struct {
	Kind string
	Spec map[string]any
}

// manifests reads what helm rendered.
func manifests(t *testing.T, rendered string) []manifest {
	t.Helper()
	var all []manifest
	for text := range strings.SplitSeq(rendered, "\n---\n") {
		var one manifest
		if err := yaml.Unmarshal([]byte(text), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// compare compares a text with a file that is in the repository, or writes that.
func compare(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text == string(want) {
		return
	}
	wants := strings.Split(string(want), "\n")
	for i, line := range strings.Split(text, "\n") {
		if i >= len(wants) || line != wants[i] {
			t.Fatalf("%s:%d: rendered is %q; if that is right: go test -tags e2e ./test/chart -update", file, i+1, line)
		}
	}
	t.Fatalf("%s: less is rendered; if that is right: go test -tags e2e ./test/chart -update", file)
}

func TestTemplates(t *testing.T) {
	for _, scenario := range scenarios(t) {
		for _, helm := range helms {
			t.Run(filepath.Base(scenario)+" "+helm, func(t *testing.T) {
				must(t, helm, "lint", "--strict", source, "--values", scenario)
				rendered := must(t, helm, "template", "glide", source, "--namespace", "llm", "--values", scenario)
				compare(t, golden(scenario), strings.ReplaceAll(rendered, glide.Version(), "VERSION"))
			})
		}
	}
}

// TestUnits has helm-unittest try what single values lead to.
func TestUnits(t *testing.T) {
	output := must(t, "helm-unittest", "--strict", source)
	suites, err := filepath.Glob(filepath.Join(source, "tests", "*_test.yaml"))
	if err != nil || !regexp.MustCompile(fmt.Sprintf(`Test Suites: +%d passed, %d total`, len(suites), len(suites))).MatchString(output) {
		t.Errorf("of %d suites, %v, helm-unittest says\n%s", len(suites), err, output)
	}
}

// TestCoverage looks whether each value is set by a scenario, so that none goes untried.
func TestCoverage(t *testing.T) {
	set := map[string]bool{}
	for _, scenario := range scenarios(t) {
		var values map[string]any
		decode(t, scenario, &values)
		mark(set, "", values)
	}
	values, err := chart.Values(&tree.Tree{Dir: repo.Root()})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if !set[v.Path] {
			t.Errorf("no scenario in %s/ci sets %s", chart.Dir, v.Path)
		}
	}
}

func mark(set map[string]bool, path string, values map[string]any) {
	for name, value := range values {
		name = strings.TrimPrefix(path+"."+name, ".")
		set[name] = true
		if inner, ok := value.(map[string]any); ok {
			mark(set, name, inner)
		}
	}
}

// TestKubernetes holds what is rendered against the schemas of the oldest and the newest Kubernetes
// that the chart is for. Those of others' resources are tried in a cluster.
func TestKubernetes(t *testing.T) {
	versions := strings.Fields(must(t, "sh", "-c", "echo $LAB_KUBERNETES"))
	if len(versions) != 2 {
		t.Fatalf("the lab knows the versions %v", versions)
	}
	metadata, err := os.ReadFile(filepath.Join(source, "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `kubeVersion: ">=` + versions[0][:strings.LastIndex(versions[0], ".")] + `.0-0"`; !strings.Contains(string(metadata), want) {
		t.Errorf("Chart.yaml does not say %s", want)
	}
	schemas := must(t, "sh", "-c", "echo $LAB_SCHEMAS")
	args := []string{"-strict", "-summary", "-skip", "ServiceMonitor,PrometheusRule,HTTPRoute", "-schema-location", strings.TrimSpace(schemas)}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			args := append(slices.Clone(args), "-kubernetes-version", version)
			for _, scenario := range scenarios(t) {
				must(t, "kubeconform", append(args, golden(scenario))...)
			}
			must(t, "kubeconform", append(args, filepath.Join(repo.Root(), chart.KustomizeFile))...)

			text, err := os.ReadFile(golden(scenarios(t)[0]))
			if err != nil {
				t.Fatal(err)
			}
			wrong := filepath.Join(t.TempDir(), "wrong.yaml")
			if err := os.WriteFile(wrong, []byte(strings.Replace(string(text), "containerPort:", "containerPrt:", 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			if output, err := run(t, "kubeconform", append(args, wrong)...); err == nil || !strings.Contains(output, "containerPrt") {
				t.Errorf("a field that is not there: %v\n%s", err, output)
			}
		})
	}
}

// TestPackage holds our archive against that of helm, and tries it.
func TestPackage(t *testing.T) {
	opened, err := tree.Open(repo.Root())
	if err != nil {
		t.Fatal(err)
	}
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	ours, theirs := t.TempDir(), t.TempDir()
	name, err := chart.Write(opened, map[string]string{"alpine": digest, "distroless": digest}, ours)
	if err != nil {
		t.Fatal(err)
	}
	must(t, "helm", "package", source, "--destination", theirs)
	list := func(dir string) []string {
		return slices.Sorted(strings.SplitSeq(strings.TrimSpace(must(t, "tar", "-tf", filepath.Join(dir, name))), "\n"))
	}
	if got, want := list(ours), slices.Sorted(slices.Values(append(list(theirs), "glide/LICENSE"))); !slices.Equal(got, want) {
		t.Errorf("the chart holds %v, helm's %v", got, want)
	}

	packed := filepath.Join(ours, name)
	values := filepath.Join(source, "ci", "minimal-values.yaml")
	must(t, "helm", "lint", "--strict", packed, "--values", values)
	for flavor, want := range map[string]string{
		"distroless": "image: ghcr.io/einstack/glide:" + opened.Version + "-distroless@" + digest,
		"alpine":     "image: ghcr.io/einstack/glide:" + opened.Version + "-alpine@" + digest,
	} {
		rendered := must(t, "helm", "template", "glide", packed, "--values", values, "--set", "image.flavor="+flavor)
		if strings.Count(rendered, want+"\n") != 2 { // of the pods and of the test
			t.Errorf("%s: no %s", flavor, want)
		}
	}
	if shown := must(t, "helm", "show", "chart", packed); !strings.Contains(shown, "artifacthub.io/prerelease") {
		t.Errorf("the chart says of itself:\n%s", shown)
	}
}
