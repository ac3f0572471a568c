package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/config"
)

func TestDefault(t *testing.T) {
	cfg := config.Default()
	if got := cfg.API.HTTP.ListenAddr; got != "127.0.0.1:9099" {
		t.Errorf("listen_addr is %q", got)
	}
	if len(cfg.Routers.Language) != 1 || len(cfg.Routers.Language[0].Models) != 1 {
		t.Fatalf("got %+v, want one router with one model", cfg.Routers)
	}
	m := cfg.Routers.Language[0].Models[0]
	if name, _ := m.Provider(); name != "simulated" || !m.Enabled || m.Weight != 1 || m.ErrorBudget != (config.Rate{N: 10, Per: time.Minute}) {
		t.Errorf("got %+v, want a simulated model with the defaults", m)
	}
}

const full = `
telemetry: {logging: {level: warn, encoding: json}}
api:
  http: {listen_addr: ":8080", max_body_size: 2MiB, read_timeout: 5s}
routers:
  language:
    - id: pool
      strategy: weighted_round_robin
      models:
        - &first
          id: one
          weight: 3
          error_budget: 5/s
          client: {timeout: 1m30s, forward_headers: [X-Team]}
          openai:
            model: gpt-4o-mini
            api_key: ${env:GLIDE_TEST_KEY}
            base_url: http://localhost:8000/v1/
            headers: {X-Price: "$${env:no}", X-File: "${file:secret.txt}"}
            default_params: {temperature: 0, stop: [a, b], seed: }
        - <<: *first
          id: two
          enabled: false
`

func TestParse(t *testing.T) {
	t.Setenv("GLIDE_TEST_KEY", "sk-test")
	dir := t.TempDir()
	file := filepath.Join(dir, "glide.yaml")
	write(t, file, full)
	write(t, filepath.Join(dir, "secret.txt"), "from a file\n")
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	m := cfg.Routers.Language[0].Models[0]
	for name, check := range map[string]bool{
		"size":     cfg.API.HTTP.MaxBodySize == 2<<20,
		"duration": m.Client.Timeout.Std() == 90*time.Second,
		"default":  m.Client.ConnectTimeout.Std() == 10*time.Second,
		"env":      m.OpenAI.APIKey.Reveal() == "sk-test",
		"file":     m.OpenAI.Headers["X-File"].Reveal() == "from a file",
		"escape":   m.OpenAI.Headers["X-Price"].Reveal() == "${env:no}",
		"url":      m.OpenAI.BaseURL.String() == "http://localhost:8000/v1",
		"json":     string(m.OpenAI.DefaultParams["stop"]) == `["a","b"]`,
		"nothing":  len(m.OpenAI.DefaultParams) == 2,
		"rate":     m.ErrorBudget == config.Rate{N: 5, Per: time.Second},
		"merge":    cfg.Routers.Language[0].Models[1].Weight == 3 && cfg.Routers.Language[0].Models[1].ID == "two",
		"disabled": !cfg.Routers.Language[0].Models[1].Enabled,
		"files":    len(cfg.Files) >= 2 && cfg.Files[0] == file && cfg.Files[1] == filepath.Join(dir, "secret.txt"),
	} {
		if !check {
			t.Errorf("%s: wrong in %+v", name, m)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// model returns a configuration whose only model has the lines, from line 5 on.
func model(lines ...string) string {
	return "routers:\n  language:\n    - id: r\n      models:\n        - " + strings.Join(lines, "\n          ") + "\n"
}

func TestProblems(t *testing.T) {
	t.Setenv("GLIDE_TEST_KEY", "sk-test-very-secret")
	tests := []struct{ name, text, want string }{
		{"empty", "", "f:1: routers: is missing; add it: Pools of models"},
		{"not YAML", "routers: [", "f:2: is not YAML: "},
		{"tab", "routers:\n\tlanguage:", "f:2: is not YAML: "},
		{"two documents", "routers: {}\n---\nrouters: {}", "f:2: has a second YAML document; "},
		{"list at the top", "- a", "f:1: is a list, not a mapping; "},
		{"unknown key", "telemetri: {}\nrouters: {language: [{id: r, models: [{id: m, simulated: {}}]}]}", "f:1: telemetri: is not a key that Glide knows; did you mean telemetry?"},
		{"unknown key, nothing near", model("id: m", "simulated: {}", "zzzzzzzzzz: 1"), "f:7: routers.language[0].models[0].zzzzzzzzzz: is not a key that Glide knows; the keys here are id, enabled, "},
		{"key twice", model("id: m", "id: n", "simulated: {}"), "f:6: routers.language[0].models[0].id: is given twice, first in line 5; remove one"},
		{"no models", "routers:\n  language:\n    - id: r\n", "f:3: routers.language[0].models: is missing; add it: "},
		{"all disabled", model("id: m", "enabled: false", "simulated:"), "f:4: routers.language[0].models: has no enabled model; "},
		{"no provider", model("id: m"), "f:5: routers.language[0].models[0]: has no provider; add one of openai, "},
		{"two providers", model("id: m", "simulated: {}", "openai: {model: x}"), "f:5: routers.language[0].models[0]: has more than one provider: "},
		{"missing in provider", model("id: m", "openai: {}"), "f:6: routers.language[0].models[0].openai.model: is missing; "},
		{"empty id", model(`id: ""`, "simulated:"), "f:5: routers.language[0].models[0].id: is missing; "},
		{"bad id", model("id: a/b", "simulated:"), `f:5: routers.language[0].models[0].id: "a/b" is not a name; `},
		{"id twice", model("id: m", "simulated:") + "        - id: m\n          simulated:\n", `f:7: routers.language[0].models[1].id: "m" is taken by line 5; `},
		{"bad strategy", strings.Replace(model("id: m", "simulated:"), "models:", "strategy: least-latency\n      models:", 1), `f:4: routers.language[0].strategy: "least-latency" is not allowed; did you mean least_latency?`},
		{"only weights of 0", strings.Replace(model("id: m", "weight: 0", "simulated:"), "models:", "strategy: weighted_round_robin\n      models:", 1), "f:4: routers.language[0].strategy: weighted_round_robin has only weights of 0; "},
		{"duration", model("id: m", "client: {timeout: 5}", "simulated:"), `f:6: routers.language[0].models[0].client.timeout: "5" is not a time span; write it with a unit, such as`},
		{"rate", model("id: m", "error_budget: 10/d", "simulated:"), `f:6: routers.language[0].models[0].error_budget: "10/d" is not a rate; `},
		{"boolean", model("id: m", "enabled: maybe", "simulated:"), `f:6: routers.language[0].models[0].enabled: "maybe" is not a boolean; write true or false`},
		{"whole number", model("id: m", "weight: 1.5", "simulated:"), `f:6: routers.language[0].models[0].weight: "1.5" is not a whole number; `},
		{"negative", model("id: m", "weight: -1", "simulated:"), "f:6: routers.language[0].models[0].weight: -1 is out of range; use a number from 0 to 1e+06"},
		{"not a number", model("id: m", "simulated: {error_rate: NaN}"), "f:6: routers.language[0].models[0].simulated.error_rate: NaN is out of range; "},
		{"mapping for scalar", model("id: {a: b}", "simulated:"), "f:5: routers.language[0].models[0].id: is a mapping, not a single value; "},
		{"scalar for list", "routers: {language: x}", "f:1: routers.language: is a single value, not a list; "},
		{"address", "api: {http: {listen_addr: localhost}}\n" + model("id: m", "simulated:"), `f:1: api.http.listen_addr: "localhost" is not an address; write host:port`},
		{"size", "api: {http: {max_body_size: 1 potato}}\n" + model("id: m", "simulated:"), `f:1: api.http.max_body_size: "1 potato" is not a size; `},
		{"base_url", model("id: m", "openai: {model: x, base_url: api.openai.com}"), `f:6: routers.language[0].models[0].openai.base_url: "api.openai.com" is not a base address; `},
		{"password in base_url", model("id: m", "openai: {model: x, base_url: 'http://a:b@c/'}"), "holds a password; move it to api_key or headers"},
		{"env not set", model("id: m", "openai: {model: x, api_key: '${env:GLIDE_TEST_UNSET}'}"), "f:6: routers.language[0].models[0].openai.api_key: the environment variable GLIDE_TEST_UNSET is not set; export GLIDE_TEST_UNSET before starting Glide"},
		{"env without name", model("id: m", "openai: {model: '${env:}'}"), "openai.model: ${env:} does not name an environment variable; "},
		{"env not closed", model("id: m", "openai: {model: '${env:HOME'}"), "openai.model: ${env:HOME has no closing brace; "},
		{"neither env nor file", model("id: m", "openai: {model: '${HOME}'}"), "openai.model: ${HOME} is neither ${env:NAME} nor ${file:path}; "},
		{"file not there", model("id: m", "openai: {model: x, api_key: '${file:/nowhere/key}'}"), "openai.api_key: cannot read /nowhere/key: no such file or directory; "},
		{"secret is not shown", model("id: m", `openai: {model: x, api_key: "${env:GLIDE_TEST_KEY}\n."}`), "openai.api_key: the value has a line break inside; "},
		{"default of model", model("id: m", "openai: {model: x, default_params: {stream: true}}"), "openai.default_params.stream: cannot have a default; "},
		{"default that Ollama ignores", model("id: m", "ollama: {model: x, default_params: {num_ctx: 1}}"), "ollama.default_params.num_ctx: is no field of Ollama's API; use format, keep_alive, options, shift, think, truncate; "},
		{"name of a header", model("id: m", "openai: {model: x, headers: {'X Team': a}}"), "openai.headers.X Team: is not the name of a header; "},
		{"header of the connection", model("id: m", "openai: {model: x, headers: {host: example.com}}"), "openai.headers.host: is a header that Glide writes itself; "},
		{"merge of nothing", model("<<: 1", "id: m", "simulated:"), "merges a single value, not a mapping; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(tt.text))
			if err == nil {
				t.Fatalf("no error for\n%s", tt.text)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
			if strings.Contains(err.Error(), "very-secret") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse("f", []byte(`telemetry: {logging: {level: loud}}
api: {http: {listen_addr: x, colour: red}}
routers:
  language:
    - id: r
      models:
        - weight: many
          simulated: {latency: soon}
`))
	problems, ok := err.(config.Problems)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
		if p.Remedy == "" || strings.Contains(p.Error(), "\n") {
			t.Errorf("%q is not one line with a remedy", p)
		}
	}
	if got := fmt.Sprint(lines); got != "[1 2 2 7 7 8]" {
		t.Errorf("problems in lines %s:\n%v", got, err)
	}
}

func TestUnreadable(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		_, err := config.Load(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+": cannot be read: ") {
			t.Errorf("got %v for %s", err, path)
		}
	}
}

func TestSecretHides(t *testing.T) {
	secret := config.NewSecret("sk-hidden")
	holder := struct{ Key config.Secret }{secret}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", secret, "holder", holder)
	for _, text := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%q", secret), fmt.Sprintf("%+v %#v", holder, holder), string(asJSON), log.String(),
	} {
		if strings.Contains(text, "hidden") || !strings.Contains(text, "[redacted]") {
			t.Errorf("%s does not hide the secret", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(string(config.DefaultYAML()))
	f.Add("a: &a [*a]")
	f.Add("routers: &r\n  language: *r\n  <<: *r")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := config.Parse("f", []byte(text))
		if err == nil && len(cfg.Routers.Language) == 0 {
			t.Error("accepted without a router")
		}
		if err != nil && err.Error() == "" {
			t.Error("refused without a reason")
		}
	})
}
