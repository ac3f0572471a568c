package flake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/test/repo"
)

// deploy writes a flake that deploys Glide with services.glide of NixOS and returns its folder.
func deploy(t *testing.T, service string) string {
	t.Helper()
	flake, err := os.ReadFile("testdata/deploy/flake.nix")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"flake.nix":     strings.Replace(string(flake), "path:GLIDE", "git+file://"+repo.Root(), 1),
		"settings.json": service,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const service = `{
  "enable": true, "openFirewall": true, "socketActivation": true,
  "credentials": {"key": "/run/secrets/openai"},
  "settings": {
    "api": {"http": {"listen_addr": ":8080"}},
    "routers": {"language": [{"id": "default", "models": [{"id": "openai", "openai": {
      "model": "gpt-4o-mini", "api_key": "${file:/run/credentials/glide.service/key}"}}]}]}
  }
}`

func TestModule(t *testing.T) {
	dir := deploy(t, service)
	out := t.TempDir()
	for _, name := range []string{"config", "machine"} {
		if err := repo.Build(t.Context(), dir, name, filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := os.ReadFile(filepath.Join(out, "config"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "${file:/run/credentials/glide.service/key}") {
		t.Errorf("the configuration doesn't name its credential:\n%s", config)
	}

	data, err := os.ReadFile(filepath.Join(out, "machine"))
	if err != nil {
		t.Fatal(err)
	}
	var machine struct {
		Networking struct {
			Firewall struct{ AllowedTCPPorts []int }
		}
		Systemd struct {
			Sockets struct {
				Glide struct{ ListenStreams []string }
			}
			Services struct {
				Glide struct {
					RestartTriggers []string
					ServiceConfig   struct{ LoadCredential []string }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &machine); err != nil {
		t.Fatal(err)
	}
	if ports := machine.Networking.Firewall.AllowedTCPPorts; !slices.Equal(ports, []int{8080}) {
		t.Errorf("the firewall opens %v, want 8080", ports)
	}
	if streams := machine.Systemd.Sockets.Glide.ListenStreams; !slices.Equal(streams, []string{"8080"}) {
		t.Errorf("systemd listens on %q, want 8080 of every interface", streams)
	}
	unit := machine.Systemd.Services.Glide
	if credentials := unit.ServiceConfig.LoadCredential; !slices.Equal(credentials, []string{"key:/run/secrets/openai"}) {
		t.Errorf("the unit loads the credentials %q", credentials)
	}
	if triggers := strings.Join(unit.RestartTriggers, "\n"); !strings.Contains(triggers, ":8080") || strings.Contains(triggers, "default") {
		t.Errorf("%s restarts the unit; want the address, and not the routers", triggers)
	}
}

// What systemd and the firewall must know is asked for when the machine is built.
func TestModuleRefusesAddress(t *testing.T) {
	dir := deploy(t, strings.Replace(service, ":8080", "localhost:${env:PORT}", 1))
	err := repo.Build(t.Context(), dir, "machine", filepath.Join(t.TempDir(), "machine"))
	for _, want := range []string{
		`services.glide.openFirewall: the port of "localhost:${env:PORT}" is not known`,
		`services.glide.socketActivation: systemd cannot listen on "localhost:${env:PORT}"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The overlay brings the flake's own gateway to another package set.
func TestOverlay(t *testing.T) {
	out := filepath.Join(t.TempDir(), "overlay")
	if err := repo.Build(t.Context(), deploy(t, service), "overlay", out); err != nil {
		t.Fatal(err)
	}
	if same, err := os.ReadFile(out); err != nil || string(same) != "true" {
		t.Errorf("the same package: %s, %v", same, err)
	}
}

// A mistake in the settings is found when the machine is built, by its place.
func TestModuleRefuses(t *testing.T) {
	dir := deploy(t, strings.Replace(service, "api_key", "apikey", 1))
	err := repo.Build(t.Context(), dir, "config", filepath.Join(t.TempDir(), "config"))
	want := "openai.apikey: is not a key that Glide knows; did you mean api_key?"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want %s", err, want)
	}
}
