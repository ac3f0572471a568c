package provider

import (
	"context"
	"net/url"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// gemini sends calls to a model of Google's Gemini API. It names the model and the
// operation in the path.
type gemini struct {
	native
	plain, stream, embeddings *url.URL
}

func newGemini(s *config.Gemini, c *config.Client) *gemini {
	p := &gemini{native: newNative(c, s.Headers, s.Model, s.DefaultParams)}
	p.nested = "generationConfig"
	at := func(operation string) *url.URL { return join(s.BaseURL, "models", s.Model+":"+operation) }
	p.plain, p.stream, p.embeddings = at("generateContent"), at("streamGenerateContent"), at("batchEmbedContents")
	p.stream.RawQuery = "alt=sse"
	if !s.APIKey.Empty() {
		p.header.fixed.Set("X-Goog-Api-Key", s.APIKey.Reveal())
	}
	return p
}

func (p *gemini) Send(ctx context.Context, call *Call) (*Answer, error) {
	if d, ok := call.Dialect.(dialect.Embeddings); ok {
		return p.embed(ctx, call, d, p.embeddings, dialect.GeminiEmbeddings)
	}
	c, err := decode(call, "the provider gemini", p.model)
	if err != nil {
		return nil, err
	}
	u := p.plain
	if call.Stream {
		u = p.stream
	}
	return p.translate(ctx, call, c, u, dialect.Gemini)
}
