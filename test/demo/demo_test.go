//go:build e2e

// Package demo starts the Docker Compose demo, with the image of this tree, in the lab's engine.
package demo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/test/page"
	"github.com/einstack/glide/test/repo"
)

func TestDemo(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image.tar")
	if err := repo.Build(t.Context(), repo.Root(), "image-distroless-amd64", image); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.RunLab(t, "down") })
	repo.RunLab(t, "down") // what another test may have left
	repo.RunLab(t, "up", "docker")
	loaded := regexp.MustCompile(`Loaded image: (\S+)`).FindStringSubmatch(repo.RunLab(t, "exec", "docker", "load", "--input", image))
	if loaded == nil {
		t.Fatal("docker load named no image")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repo.Root(), "demo"))); err != nil {
		t.Fatal(err)
	}
	compose, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// The demo and the pages take the image by the name that it has in the registry.
	published := regexp.MustCompile(`GLIDE_IMAGE:-(\S+)}`).FindStringSubmatch(string(compose))[1]
	repo.RunLab(t, "exec", "docker", "tag", loaded[1], published)
	reader := &page.Reader{Dir: dir, Shell: repo.Lab("exec", "bash").Args}
	// in runs a command line in the demo's folder, beside the engine. The options of a make around the
	// test are none of the demo's.
	in := func(t *testing.T, line string) string {
		t.Helper()
		return repo.RunLab(t, "exec", "sh", "-euc", "unset MAKEFLAGS; cd "+dir+"; "+line)
	}

	t.Run("images", func(t *testing.T) {
		reader := *reader
		reader.Dir = t.TempDir()
		for _, block := range page.Shell(t, "docs/images.md") {
			block.Text = regexp.MustCompile(`ghcr\.io/einstack/glide:\S+`).ReplaceAllString(block.Text, published)
			reader.Run(t, block)
		}
	})
	t.Run("answers", func(t *testing.T) {
		var typed page.Block
		for _, block := range page.Shell(t, "demo/README.md") {
			typed = page.Block{Page: block.Page, Line: block.Line, Language: "sh", Text: typed.Text + block.Text}
		}
		if answer := reader.Run(t, typed); !strings.Contains(answer, "You said: Hello!") {
			t.Errorf("answered %s", answer)
		}
		in(t, "make up")
		if said := in(t, "docker compose exec -T glide /bin/glide chat What is a gateway?"); !strings.Contains(said, "You said: What is a gateway?") {
			t.Errorf("glide chat printed %q", said)
		}
	})
	t.Run("limits", func(t *testing.T) {
		var container []struct {
			HostConfig struct {
				ReadonlyRootfs bool
				CapDrop        []string
				Memory         int
			}
			State struct{ Health struct{ Status string } }
		}
		if err := json.Unmarshal([]byte(in(t, "docker inspect $(docker compose ps --quiet glide)")), &container); err != nil {
			t.Fatal(err)
		}
		host := container[0].HostConfig
		if !host.ReadonlyRootfs || !slices.Contains(host.CapDrop, "ALL") || host.Memory == 0 || container[0].State.Health.Status != "healthy" {
			t.Errorf("the container is %+v", container[0])
		}
	})
	t.Run("ends", func(t *testing.T) {
		in(t, "make down")
		if left := in(t, "docker ps --all --quiet"); left != "" {
			t.Errorf("left %s", left)
		}
	})
	t.Run("a key chooses the provider", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("OPENAI_API_KEY=sk-test\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(filepath.Join(dir, ".env"))
		if config := in(t, "docker compose config"); !strings.Contains(config, "/etc/glide/config-openai.yaml") {
			t.Errorf("the configuration is another one:\n%s", config)
		}
		if checked := in(t, "docker compose run --rm -T glide config check /etc/glide/config-openai.yaml"); !strings.Contains(checked, "ok") {
			t.Errorf("glide config check printed %s", checked)
		}
	})
	// The images of these are out of reach.
	t.Run("profiles", func(t *testing.T) {
		config := in(t, "COMPOSE_PROFILES=observability,load docker compose config")
		for _, want := range []string{"prometheus:", "grafana:", "traces:", "load:", "OTEL_EXPORTER_OTLP_ENDPOINT: http://traces:4318"} {
			if !strings.Contains(config, want) {
				t.Errorf("has no %q:\n%s", want, config)
			}
		}
	})
}
