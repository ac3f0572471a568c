package provider

import (
	"context"
	"net/url"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// openAI sends calls to OpenAI, or to anything that speaks its API.
type openAI struct {
	native
	name     string // of the provider in the configuration
	upstream dialect.Upstream
}

func newOpenAI(s *config.OpenAI, c *config.Client) *openAI {
	p := &openAI{
		native: newNative(c, s.Headers, s.Model, s.DefaultParams), name: "openai",
		upstream: dialect.CompatibleUpstream,
	}
	p.paths = map[dialect.Dialect]*url.URL{
		dialect.OpenAIChat:       join(s.BaseURL, "chat/completions"),
		dialect.OpenAIEmbeddings: join(s.BaseURL, "embeddings"),
		dialect.OpenAIResponses:  join(s.BaseURL, "responses"),
	}
	if s.BaseURL.Host == "api.openai.com" {
		p.upstream = dialect.OpenAIUpstream
	}
	if !s.APIKey.Empty() {
		p.header.fixed.Set("Authorization", "Bearer "+s.APIKey.Reveal())
	}
	return p
}

func (p *openAI) Send(ctx context.Context, call *Call) (*Answer, error) {
	if u := p.paths[call.Dialect]; u != nil {
		return p.pass(ctx, call, u)
	}
	c, err := decode(call, "the provider "+p.name, p.model)
	if err != nil {
		return nil, err
	}
	return p.translate(ctx, call, c, p.paths[dialect.OpenAIChat], p.upstream)
}
