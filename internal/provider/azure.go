package provider

import (
	"net/url"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// newAzure returns OpenAI's API as Azure serves it: under the deployment's own path, with
// a version of the API, and with the key in a header of its own. Responses have one path
// for all deployments.
func newAzure(s *config.AzureOpenAI, c *config.Client) *openAI {
	version := url.Values{"api-version": {s.APIVersion}}.Encode()
	at := func(elem ...string) *url.URL {
		u := join(s.BaseURL, append([]string{"openai"}, elem...)...)
		u.RawQuery = version
		return u
	}
	p := &openAI{
		native: newNative(c, s.Headers, s.Deployment, s.DefaultParams), name: "azure_openai",
		upstream: dialect.OpenAIUpstream,
	}
	p.paths = map[dialect.Dialect]*url.URL{
		dialect.OpenAIChat:       at("deployments", s.Deployment, "chat/completions"),
		dialect.OpenAIEmbeddings: at("deployments", s.Deployment, "embeddings"),
		dialect.OpenAIResponses:  at("responses"),
	}
	if !s.APIKey.Empty() {
		p.header.fixed.Set("Api-Key", s.APIKey.Reveal())
	}
	return p
}
