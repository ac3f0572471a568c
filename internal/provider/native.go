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
	"strings"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/scan"
)

// native sends requests to one model of a server over HTTP.
type native struct {
	transport http.RoundTripper
	header    header
	paths     map[dialect.Dialect]*url.URL // of the dialects that the server speaks
	model     string
	quoted    []byte                     // the model as a JSON string
	defaults  map[string]json.RawMessage // added to chat requests that lack them
}

func newNative(c *config.Client, headers map[string]config.Secret, model string, defaults map[string]json.RawMessage) native {
	return native{
		transport: transport(c), header: newHeader(c, headers), model: model, quoted: quote(model), defaults: defaults,
	}
}

// pass sends a call's own bytes to u, but for the model's name and what it lacks.
func (n *native) pass(ctx context.Context, call *Call, u *url.URL) (*Answer, error) {
	body := call.Body.Bytes
	var missing []byte
	if _, ok := call.Dialect.(dialect.Chat); ok {
		missing = n.missing(body)
	}
	brace := bytes.IndexByte(body, '{') + 1
	return n.post(ctx, call.Header, u, call.Body,
		body[:brace], missing, body[brace:call.Model.Start], n.quoted, body[call.Model.End:])
}

// translate sends a call in the words of up to u, and returns the answer in the client's.
func (n *native) translate(ctx context.Context, call *Call, c *codec, u *url.URL, up dialect.Upstream) (*Answer, error) {
	body, err := up.EncodeRequest(c.request, n.model)
	if err != nil {
		return nil, err
	}
	sent := NewBody(body)
	defer sent.Release()
	a, err := n.post(ctx, call.Header, u, sent, body[:1], n.missing(body), body[1:])
	if err != nil {
		return nil, err
	}
	return c.translate(call, a, up)
}

// missing returns the default parameters that body, an object, lacks, as its first
// members.
func (n *native) missing(body []byte) []byte {
	if len(n.defaults) == 0 {
		return nil
	}
	missing := maps.Clone(n.defaults)
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

// post sends pieces, which lie in body or last as long, to u and returns the answer as
// it is.
func (n *native) post(ctx context.Context, client http.Header, u *url.URL, body *Body, pieces ...[]byte) (*Answer, error) {
	var length int64
	for _, piece := range pieces {
		length += int64(len(piece))
	}
	req := (&http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Header: n.header.of(client),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: body.splice(pieces...), ContentLength: length,
		// An idle connection may be closed by the server just as it is used again.
		// Nothing was read then, and the transport may send the body once more.
		GetBody: func() (io.ReadCloser, error) { return body.splice(pieces...), nil },
	}).WithContext(ctx)
	res, err := n.transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", u.Host, err)
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength, Body: res.Body}, nil
}

// join returns the address below base. Unlike [url.URL.JoinPath] it begins the path with a
// slash even if that of base is empty, as a request needs it.
func join(base config.URL, elem ...string) *url.URL {
	u := base.JoinPath(elem...)
	if !strings.HasPrefix(u.Path, "/") {
		u = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).JoinPath(elem...)
	}
	return u
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return b
}
