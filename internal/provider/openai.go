package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/scan"
)

// openAI sends calls to OpenAI, or to anything that speaks its API.
type openAI struct {
	native
	model    []byte // as a JSON string
	defaults map[string]json.RawMessage
}

// native sends requests to a server over HTTP.
type native struct {
	transport http.RoundTripper
	header    header
	paths     map[dialect.Dialect]*url.URL
}

func newOpenAI(s *config.OpenAI, c *config.Client) *openAI {
	p := &openAI{
		native: native{
			transport: transport(c),
			header:    newHeader(c, s.Headers),
			paths: map[dialect.Dialect]*url.URL{
				dialect.OpenAIChat: s.BaseURL.JoinPath("chat/completions"),
			},
		},
		model:    quote(s.Model),
		defaults: s.DefaultParams,
	}
	if !s.APIKey.Empty() {
		p.header.fixed.Set("Authorization", "Bearer "+s.APIKey.Reveal())
	}
	return p
}

func (p *openAI) Send(ctx context.Context, call *Call) (*Answer, error) {
	body := call.Body.Bytes
	brace := bytes.IndexByte(body, '{') + 1
	pieces := [][]byte{body[:brace], p.missing(body), body[brace:call.Model.Start], p.model, body[call.Model.End:]}
	return p.post(ctx, call, p.paths[call.Dialect], pieces...)
}

// missing returns the default parameters that body, an object, lacks, as its first
// members.
func (p *openAI) missing(body []byte) []byte {
	if len(p.defaults) == 0 {
		return nil
	}
	missing := maps.Clone(p.defaults)
	// The body was scanned before, so there is no error.
	_ = scan.Object(body, func(key []byte, _ scan.Range) error {
		delete(missing, string(key))
		return nil
	})
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		b = append(append(append(append(b, quote(name)...), ':'), missing[name]...), ',')
	}
	return b
}

// post sends pieces as the body of a request to u, and returns the answer as it is.
func (n *native) post(ctx context.Context, call *Call, u *url.URL, pieces ...[]byte) (*Answer, error) {
	var length int64
	for _, piece := range pieces {
		length += int64(len(piece))
	}
	req := (&http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Header: n.header.of(call.Header),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: call.Body.splice(pieces...), ContentLength: length,
		// An idle connection may be closed by the server just as it is used again.
		// Nothing was read then, and the transport may send the body once more.
		GetBody: func() (io.ReadCloser, error) { return call.Body.splice(pieces...), nil },
	}).WithContext(ctx)
	res, err := n.transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", u.Host, err)
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength, Body: res.Body}, nil
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return b
}
