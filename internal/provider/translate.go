package provider

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// A codec is how a call is translated for a provider that does not speak its dialect.
type codec struct {
	dialect.Chat               // the client's
	request      *chat.Request // in the vocabulary's words
	model        string        // as the provider calls it
}

// decode reads a call that is to be translated for a model of the provider named.
// Operations for which there is no vocabulary are refused.
func decode(call *Call, provider, model string) (*codec, error) {
	d, ok := call.Dialect.(dialect.Chat)
	if !ok {
		return nil, chat.Untranslatable("model", "%s does not offer %s; choose another model", provider, call.Dialect.Name())
	}
	req, err := d.DecodeRequest(call.Body.Bytes)
	if err != nil {
		return nil, err
	}
	return &codec{Chat: d, request: req, model: model}, nil
}

// answer returns a whole response in the call's dialect, with the headers that came with
// it.
func (c *codec) answer(header http.Header, r *chat.Response) *Answer {
	c.complete(&r.ID, &r.Model, &r.Created)
	a := bodyAnswer(http.StatusOK, header, c.EncodeResponse(r))
	a.Usage = &r.Usage
	return a
}

// stream returns a stream in the call's dialect.
func (c *codec) stream(header http.Header, s chat.Stream) *Answer {
	body := &encodedStream{codec: c, stream: s, encoder: c.NewEncoder(c.request)}
	return &Answer{
		Status: http.StatusOK, Header: withType(header, "text/event-stream"),
		Length: -1, Body: body, Usage: &body.usage,
	}
}

// complete adds what a provider did not say of its answer.
func (c *codec) complete(id, model *string, created *int64) {
	if *id == "" {
		var b [12]byte
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		*id = "glide-" + hex.EncodeToString(b[:])
	}
	if *model == "" {
		*model = c.model
	}
	if *created == 0 {
		*created = time.Now().Unix()
	}
}

// refusal returns an error in the dialect d.
func refusal(d dialect.Dialect, header http.Header, e *chat.Error) *Answer {
	a := bodyAnswer(e.Status, header, d.EncodeError(e))
	if seconds := e.RetrySeconds(); seconds != "" && a.Header.Get("Retry-After") == "" {
		a.Header.Set("Retry-After", seconds)
	}
	return a
}

func bodyAnswer(status int, header http.Header, body []byte) *Answer {
	return &Answer{
		Status: status, Header: withType(header, "application/json"),
		Length: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
}

// withType returns the headers of an answer for a body that took the place of its own.
func withType(header http.Header, contentType string) http.Header {
	out := http.Header{}
	for name, values := range header {
		if !strings.HasPrefix(name, "Content-") && name != "Etag" {
			out[name] = values
		}
	}
	out.Set("Content-Type", contentType)
	return out
}

// translate returns a provider's answer in the client's dialect.
func (c *codec) translate(call *Call, a *Answer, up dialect.Upstream) (*Answer, error) {
	if a.Status/100 == 2 && call.Stream {
		if !strings.HasPrefix(a.Header.Get("Content-Type"), up.StreamType()) {
			a.Body.Close()
			return nil, ErrNotStream
		}
		return c.stream(a.Header, up.DecodeStream(a.Body)), nil
	}
	data, refused, err := read(call, a, up.DecodeError)
	if data == nil {
		return refused, err
	}
	response, err := up.DecodeResponse(data)
	if err != nil {
		return nil, err
	}
	return c.answer(a.Header, response), nil
}

// read returns the body of a provider's plain answer, or the refusal that it amounts to
// in the client's dialect.
func read(call *Call, a *Answer, decodeError func(status int, body []byte) *chat.Error) ([]byte, *Answer, error) {
	defer a.Body.Close()
	data, err := io.ReadAll(io.LimitReader(a.Body, maxTranslated))
	if err != nil {
		return nil, nil, fmt.Errorf("read the answer: %w", err)
	}
	if a.Status/100 != 2 {
		return nil, refusal(call.Dialect, a.Header, decodeError(a.Status, data)), nil
	}
	if !json.Valid(data) {
		return nil, nil, errNotJSON
	}
	return data, nil, nil
}

// maxTranslated is the largest plain answer, in bytes, that is translated.
const maxTranslated = 64 << 20

// ErrNotStream is of an answer that promises success but is no stream, although one was asked for.
var ErrNotStream = errors.New("the provider was asked for a stream but sent something else")

var errNotJSON = errors.New("the provider promised success but sent something else than JSON")

// An encodedStream reads a stream in a dialect.
type encodedStream struct {
	codec   *codec
	stream  chat.Stream
	encoder dialect.Encoder
	usage   chat.Usage // which the client need not have asked for
	buf     []byte
	at      int
	err     error
}

func (s *encodedStream) Read(p []byte) (int, error) {
	for s.at == len(s.buf) {
		if s.err != nil {
			return 0, s.err
		}
		var ev chat.Event
		s.buf, s.at = s.buf[:0], 0
		if ev, s.err = s.stream.Next(); s.err != nil {
			continue
		}
		switch e := ev.(type) {
		case chat.Start:
			s.codec.complete(&e.ID, &e.Model, &e.Created)
			ev = e
		case chat.End:
			s.usage = e.Usage
		}
		s.buf = s.encoder.Encode(s.buf, ev)
	}
	n := copy(p, s.buf[s.at:])
	s.at += n
	return n, nil
}

func (s *encodedStream) Close() error { return s.stream.Close() }
