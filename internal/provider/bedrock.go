package provider

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/sigv4"
)

// bedrock sends calls to a model on AWS Bedrock. It names the model and the operation in
// the path, and signs requests unless it has an API key.
type bedrock struct {
	native
	plain, stream *url.URL
}

func newBedrock(s *config.Bedrock, c *config.Client) *bedrock {
	p := &bedrock{native: newNative(c, s.Headers, s.Model, s.DefaultParams)}
	p.nested = "inferenceConfig"
	at := func(operation string) *url.URL {
		u := join(s.BaseURL, "model")
		// The name may be an ARN, whose colons and slashes belong to it.
		u.RawPath = u.EscapedPath() + "/" + sigv4.Escape(s.Model) + "/" + operation
		u.Path += "/" + s.Model + "/" + operation
		return u
	}
	p.plain, p.stream = at("converse"), at("converse-stream")
	if !s.APIKey.Empty() {
		p.header.fixed.Set("Authorization", "Bearer "+s.APIKey.Reveal())
		return p
	}
	credentials := sigv4.Credentials{
		AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey.Reveal(), SessionToken: s.SessionToken.Reveal(),
	}
	p.sign = func(req *http.Request, body [][]byte) {
		sigv4.Sign(req, body, credentials, s.Region, "bedrock", time.Now())
	}
	return p
}

func (p *bedrock) Send(ctx context.Context, call *Call) (*Answer, error) {
	c, err := decode(call, "the provider bedrock", p.model)
	if err != nil {
		return nil, err
	}
	u := p.plain
	if call.Stream {
		u = p.stream
	}
	return p.translate(ctx, call, c, u, dialect.Bedrock)
}
