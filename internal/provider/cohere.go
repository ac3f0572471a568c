package provider

import (
	"context"
	"net/url"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// cohere sends calls to a model of Cohere.
type cohere struct {
	native
	chat, embeddings *url.URL
	inputType        string
}

func newCohere(s *config.Cohere, c *config.Client) *cohere {
	p := &cohere{
		native: newNative(c, s.Headers, s.Model, s.DefaultParams),
		chat:   join(s.BaseURL, "chat"), embeddings: join(s.BaseURL, "embed"), inputType: s.InputType,
	}
	if !s.APIKey.Empty() {
		p.header.fixed.Set("Authorization", "Bearer "+s.APIKey.Reveal())
	}
	return p
}

func (p *cohere) Send(ctx context.Context, call *Call) (*Answer, error) {
	if d, ok := call.Dialect.(dialect.Embeddings); ok {
		return p.embed(ctx, call, d, p.embeddings, dialect.CohereEmbeddings{InputType: p.inputType})
	}
	c, err := decode(call, "the provider cohere", p.model)
	if err != nil {
		return nil, err
	}
	return p.translate(ctx, call, c, p.chat, dialect.Cohere)
}
