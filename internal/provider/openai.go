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
	p.paths = openAIPaths(s.BaseURL)
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

// openAIPaths returns where a server that is like OpenAI takes its operations, below base
// and elem.
func openAIPaths(base config.URL, elem ...string) map[dialect.Dialect]*url.URL {
	at := func(operation string) *url.URL { return join(base, append(elem, operation)...) }
	return map[dialect.Dialect]*url.URL{
		dialect.OpenAIChat:       at("chat/completions"),
		dialect.OpenAIEmbeddings: at("embeddings"),
		dialect.OpenAIResponses:  at("responses"),
	}
}
