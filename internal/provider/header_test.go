package provider

import (
	"testing"

	"github.com/einstack/glide/internal/config"
)

func TestAsClient(t *testing.T) {
	forward := func(names ...string) config.Client { return config.Client{ForwardHeaders: names} }
	key := config.NewSecret("k")
	tests := []struct {
		name  string
		model config.Model
		want  bool
	}{
		{"nothing forwarded", config.Model{OpenAI: &config.OpenAI{}}, false},
		{"no credential forwarded", config.Model{Client: forward("x-team"), OpenAI: &config.OpenAI{}}, false},
		{"forwarded", config.Model{Client: forward("x-team", "authorization"), OpenAI: &config.OpenAI{}}, true},
		{"another name", config.Model{Client: forward("X-Api-Key"), Anthropic: &config.Anthropic{}}, true},
		{"overruled by the key", config.Model{Client: forward("Authorization"), OpenAI: &config.OpenAI{APIKey: key}}, false},
		{"overruled by a header", config.Model{Client: forward("Authorization"), OpenAI: &config.OpenAI{Headers: map[string]config.Secret{"authorization": key}}}, false},
		{"beside the key", config.Model{Client: forward("X-Api-Key"), OpenAI: &config.OpenAI{APIKey: key}}, false},
		{"overruled by a signature", config.Model{Client: forward("Authorization"), Bedrock: &config.Bedrock{AccessKeyID: "id", SecretAccessKey: key}}, false},
		{"simulated", config.Model{Client: forward("Authorization"), Simulated: &config.Simulated{}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(&tt.model)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.AsClient(); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
