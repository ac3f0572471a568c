package provider

import (
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// newOllama returns a model of an Ollama server. Of the two APIs of Ollama it is the one
// like OpenAI's, since clients' bodies and its answers then pass through as they are.
func newOllama(s *config.Ollama, c *config.Client) *openAI {
	p := &openAI{
		native: newNative(c, s.Headers, s.Model, s.DefaultParams), name: "ollama",
		upstream: dialect.CompatibleUpstream,
	}
	p.paths = openAIPaths(s.BaseURL, "v1")
	return p
}
