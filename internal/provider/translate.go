package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// A codec is how a call is translated for a provider that does not speak its dialect.
type codec struct {
	dialect.Chat               // the client's
	request      *chat.Request // in the vocabulary's words
}

// decode reads a call that is to be translated. Operations for which there is no
// vocabulary are refused, in the name of the provider.
func decode(call *Call, provider string) (*codec, error) {
	d, ok := call.Dialect.(dialect.Chat)
	if !ok {
		return nil, chat.Untranslatable("model", "%s does not offer %s; choose another model", provider, call.Dialect.Name())
	}
	req, err := d.DecodeRequest(call.Body.Bytes)
	if err != nil {
		return nil, err
	}
	return &codec{Chat: d, request: req}, nil
}

// answer returns a whole response in the call's dialect.
func (c *codec) answer(r *chat.Response) *Answer {
	return bodyAnswer(http.StatusOK, nil, c.EncodeResponse(r))
}

// stream returns a stream in the call's dialect.
func (c *codec) stream(header http.Header, s chat.Stream) *Answer {
	return &Answer{
		Status: http.StatusOK, Header: withType(header, "text/event-stream"),
		Length: -1, Body: &encodedStream{stream: s, encoder: c.NewEncoder(c.request)},
	}
}

// refusal returns an error in the dialect d.
func refusal(d dialect.Dialect, header http.Header, e *chat.Error) *Answer {
	return bodyAnswer(e.Status, header, d.EncodeError(e))
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
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
			a.Body.Close()
			return nil, errNotStream
		}
		return c.stream(a.Header, up.DecodeStream(a.Body)), nil
	}
	defer a.Body.Close()
	data, err := io.ReadAll(io.LimitReader(a.Body, maxTranslated))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if a.Status/100 != 2 {
		return refusal(call.Dialect, a.Header, up.DecodeError(a.Status, data)), nil
	}
	response, err := up.DecodeResponse(data)
	if err != nil {
		return nil, err
	}
	return bodyAnswer(http.StatusOK, a.Header, c.EncodeResponse(response)), nil
}

// maxTranslated is the largest plain answer, in bytes, that is translated.
const maxTranslated = 64 << 20

var errNotStream = errors.New("the provider was asked for a stream but sent something else")

// An encodedStream reads a stream in a dialect.
type encodedStream struct {
	stream  chat.Stream
	encoder dialect.Encoder
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
		if ev, s.err = s.stream.Next(); s.err == nil {
			s.buf = s.encoder.Encode(s.buf, ev)
		}
	}
	n := copy(p, s.buf[s.at:])
	s.at += n
	return n, nil
}

func (s *encodedStream) Close() error { return s.stream.Close() }

// collect reads a stream to its end and returns it as one response.
func collect(s chat.Stream) (*chat.Response, error) {
	defer s.Close()
	r := new(chat.Response)
	var text, thinking, signature, arguments strings.Builder
	var call *chat.ToolCall
	// flush ends the part that is being gathered.
	flush := func() {
		switch {
		case call != nil:
			call.Arguments = arguments.String()
			r.Parts = append(r.Parts, *call)
		case text.Len() > 0:
			r.Parts = append(r.Parts, chat.Text{Text: text.String()})
		case thinking.Len()+signature.Len() > 0:
			r.Parts = append(r.Parts, chat.Thinking{Text: thinking.String(), Signature: signature.String()})
		}
		call = nil
		text.Reset()
		thinking.Reset()
		signature.Reset()
		arguments.Reset()
	}
	for {
		ev, err := s.Next()
		if err == io.EOF {
			return r, nil
		}
		if err != nil {
			return nil, err
		}
		switch ev := ev.(type) {
		case chat.Start:
			r.ID, r.Model, r.Created = ev.ID, ev.Model, ev.Created
		case chat.TextDelta:
			if text.Len() == 0 {
				flush()
			}
			text.WriteString(ev.Text)
		case chat.ThinkingDelta:
			if thinking.Len()+signature.Len() == 0 {
				flush()
			}
			thinking.WriteString(ev.Text)
			signature.WriteString(ev.Signature)
		case chat.ToolStart:
			flush()
			call = &chat.ToolCall{ID: ev.ID, Name: ev.Name}
		case chat.ToolDelta:
			arguments.WriteString(ev.Arguments)
		case chat.End:
			flush()
			r.Finish, r.Usage = ev.Finish, ev.Usage
		}
	}
}
