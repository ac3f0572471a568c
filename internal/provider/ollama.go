package provider

import (
	"context"
	"net/url"
	"strings"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// ollama sends calls to a model of an Ollama server, by Ollama's own API: the one like
// OpenAI's can neither widen the context nor keep a model loaded, and samples by defaults
// of its own.
type ollama struct {
	native
	chat, embeddings *url.URL
}

func newOllama(s *config.Ollama, c *config.Client) *ollama {
	p := &ollama{native: newNative(c, s.Headers, s.Model, s.DefaultParams)}
	p.nested, p.fillEmbed = "options", true
	base := s.BaseURL
	// Other programs want the path of one of its APIs as the server's address.
	base.Path = strings.TrimSuffix(strings.TrimSuffix(base.Path, "/v1"), "/api")
	p.chat, p.embeddings = join(base, "api/chat"), join(base, "api/embed")
	return p
}

func (p *ollama) Send(ctx context.Context, call *Call) (*Answer, error) {
	if d, ok := call.Dialect.(dialect.Embeddings); ok {
		return p.embed(ctx, call, d, p.embeddings, dialect.OllamaEmbeddings)
	}
	c, err := decode(call, "the provider ollama", p.model)
	if err != nil {
		return nil, err
	}
	return p.translate(ctx, call, c, p.chat, dialect.Ollama)
}
