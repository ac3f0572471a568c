package provider

import (
	"context"
	"net/url"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// anthropicVersion is the version of the API that is asked for if the client does not say.
const anthropicVersion = "2023-06-01"

// anthropic sends calls to Anthropic.
type anthropic struct{ native }

func newAnthropic(s *config.Anthropic, c *config.Client) *anthropic {
	p := &anthropic{newNative(c, s.Headers, s.Model, s.DefaultParams)}
	p.paths = map[dialect.Dialect]*url.URL{
		dialect.AnthropicMessages: join(s.BaseURL, "messages"),
		dialect.AnthropicTokens:   join(s.BaseURL, "messages/count_tokens"),
	}
	p.header.unlessSaid["Anthropic-Version"] = []string{anthropicVersion}
	if !s.APIKey.Empty() {
		p.header.fixed.Set("X-Api-Key", s.APIKey.Reveal())
	}
	return p
}

func (p *anthropic) Send(ctx context.Context, call *Call) (*Answer, error) {
	if u := p.paths[call.Dialect]; u != nil {
		return p.pass(ctx, call, u)
	}
	c, err := decode(call, "the provider anthropic", p.model)
	if err != nil {
		return nil, err
	}
	if _, ok := p.defaults["max_tokens"]; !ok && c.request.MaxTokens == nil {
		return nil, chat.Untranslatable("max_tokens", "Anthropic's API needs a limit of tokens; send max_tokens, or give the model a default in default_params")
	}
	return p.translate(ctx, call, c, p.paths[dialect.AnthropicMessages], dialect.AnthropicUpstream)
}
