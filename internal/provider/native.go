package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	nested    string                     // the parameter whose members have defaults of their own; empty for none
	fillEmbed bool                       // whether requests for embeddings have defaults too
	sign      func(req *http.Request, body [][]byte)
	request   *http.Request // what all requests have in common
}

func newNative(c *config.Client, headers map[string]config.Secret, model string, defaults map[string]json.RawMessage) native {
	return native{
		transport: transport(c), header: newHeader(c, headers), model: model, quoted: quote(model), defaults: defaults,
		request: &http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1},
	}
}

func (n *native) AsClient() bool { return n.sign == nil && n.header.asClient() }

// pass sends a call's own bytes to u, but for the model's name and what it lacks.
func (n *native) pass(ctx context.Context, call *Call, u *url.URL) (*Answer, error) {
	body := call.Body.Bytes
	var missing []byte
	if _, ok := call.Dialect.(dialect.Chat); ok {
		missing = n.missing(body)
	}
	brace := bytes.IndexByte(body, '{') + 1
	return n.post(ctx, call, u, call.Body,
		body[:brace], missing, body[brace:call.Model.Start], n.quoted, body[call.Model.End:])
}

// translate sends a call in the words of up to u, and returns the answer in the client's.
func (n *native) translate(ctx context.Context, call *Call, c *codec, u *url.URL, up dialect.Upstream) (*Answer, error) {
	body, err := up.EncodeRequest(c.request, n.model)
	if err != nil {
		return nil, err
	}
	if body, err = n.fill(body); err != nil {
		return nil, err
	}
	a, err := n.postBytes(ctx, call, u, body)
	if err != nil {
		return nil, err
	}
	return c.translate(call, a, up)
}

// embed sends a call for embeddings in the words of up to u, and returns the answer in
// the client's.
func (n *native) embed(ctx context.Context, call *Call, d dialect.Embeddings, u *url.URL, up dialect.EmbeddingsUpstream) (*Answer, error) {
	req, err := d.DecodeEmbeddings(call.Body.Bytes)
	if err != nil {
		return nil, err
	}
	body, err := up.EncodeEmbeddings(req, n.model)
	if err != nil {
		return nil, err
	}
	if n.fillEmbed {
		if body, err = n.fill(body); err != nil {
			return nil, err
		}
	}
	a, err := n.postBytes(ctx, call, u, body)
	if err != nil {
		return nil, err
	}
	data, refused, err := read(call, a, up.DecodeError)
	if data == nil {
		return refused, err
	}
	e, err := up.DecodeEmbeddings(data)
	if err != nil {
		return nil, err
	}
	if len(e.Vectors) != len(req.Inputs) {
		return nil, fmt.Errorf("the answer has %d vectors for %d inputs", len(e.Vectors), len(req.Inputs))
	}
	if e.Model == "" {
		e.Model = n.model
	}
	return bodyAnswer(http.StatusOK, a.Header, d.EncodeEmbeddings(req, e)), nil
}

// fill adds the default parameters that body, an object, lacks.
func (n *native) fill(body []byte) ([]byte, error) {
	if len(n.defaults) == 0 {
		return body, nil
	}
	params := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &params); err != nil {
		return nil, fmt.Errorf("add default_params: %w", err)
	}
	if inner, ok := n.defaults[n.nested]; ok && params[n.nested] != nil {
		both := map[string]json.RawMessage{}
		// What is said comes second, and counts.
		if err := errors.Join(json.Unmarshal(inner, &both), json.Unmarshal(params[n.nested], &both)); err != nil {
			return nil, fmt.Errorf("add default_params.%s: %w", n.nested, err)
		}
		merged, err := json.Marshal(both)
		if err != nil {
			return nil, fmt.Errorf("add default_params.%s: %w", n.nested, err)
		}
		params[n.nested] = merged
	}
	for name, value := range n.defaults {
		if _, ok := params[name]; !ok {
			params[name] = value
		}
	}
	return json.Marshal(params)
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

// postBytes sends a body, which is not in the call's dialect, to u and returns the answer as
// it is.
func (n *native) postBytes(ctx context.Context, call *Call, u *url.URL, body []byte) (*Answer, error) {
	sent := NewBody(body)
	defer sent.Release()
	translated := *call
	translated.Header = maps.Clone(call.Header)
	delete(translated.Header, "Accept") // what the client takes is not what the provider gives
	return n.post(ctx, &translated, u, sent, body)
}

// maxJoined is the largest body, in bytes, that is copied before it is sent. That of a stream
// never is, as the transport would hold the copy for as long as the stream lasts.
const maxJoined = 16 << 10

// post sends pieces, which lie in body or last as long, to u and returns the answer as
// it is.
func (n *native) post(ctx context.Context, call *Call, u *url.URL, body *Body, pieces ...[]byte) (*Answer, error) {
	req := n.request.WithContext(ctx)
	req.URL, req.Host, req.Header = u, u.Host, n.header.of(call.Header)
	for _, piece := range pieces {
		req.ContentLength += int64(len(piece))
	}
	// An idle connection may be closed by the server just as it is used again. The transport
	// then sends the request once more, if nothing of it was written or it has a key for that.
	req.GetBody = func() (io.ReadCloser, error) { return body.splice(pieces...), nil }
	if req.ContentLength <= maxJoined && !call.Stream {
		// The transport sends what lies in memory together with the headers.
		joined := bytes.Join(pieces, nil)
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(joined)), nil }
	}
	req.Body, _ = req.GetBody() // neither of the two fails
	if call.Via != "" {
		req.Header["Via"] = append(slices.Clip(call.Header["Via"]), call.Via)
	}
	if call.Traceparent != "" {
		req.Header["Traceparent"] = []string{call.Traceparent}
	}
	if n.sign != nil {
		n.sign(req, pieces)
	}
	res, err := n.transport.RoundTrip(req)
	body, pieces = nil, nil // of which the transport knows by GetBody until the answer ends
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", u.Host, err)
	}
	a := &Answer{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength, Body: res.Body}
	res.Header = nil // the body knows of res until it ends
	return a, nil
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
