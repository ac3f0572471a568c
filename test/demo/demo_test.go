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
	// in runs a command line in the demo's folder, beside the engine. The options of a make around the
	// test are none of the demo's.
	in := func(t *testing.T, line string) string {
		t.Helper()
		return repo.RunLab(t, "exec", "sh", "-euc", "unset MAKEFLAGS; cd "+dir+"; export GLIDE_IMAGE="+loaded[1]+"; "+line)
	}

	t.Run("answers", func(t *testing.T) {
		in(t, "make up")
		answer := in(t, `curl -sS http://127.0.0.1:9099/v1/chat/completions -H 'Content-Type: application/json' \
			-d '{"model": "default", "messages": [{"role": "user", "content": "Hello!"}]}'`)
		if !strings.Contains(answer, "You said: Hello!") {
			t.Errorf("answered %s", answer)
		}
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
		if config := in(t, "docker compose config"); !strings.Contains(config, "/glide-openai.yaml") {
			t.Errorf("the configuration is another one:\n%s", config)
		}
		if checked := in(t, "docker compose run --rm -T glide config check /etc/glide/config.yaml"); !strings.Contains(checked, "ok") {
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
