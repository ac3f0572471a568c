package provider

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// answer returns a whole response in the call's dialect.
func answer(call *Call, r *chat.Response) *Answer {
	return bodyAnswer(http.StatusOK, call.Dialect.EncodeResponse(r))
}

// refusal returns an error in the call's dialect.
func refusal(call *Call, e *chat.Error) *Answer {
	return bodyAnswer(e.Status, call.Dialect.EncodeError(e))
}

func bodyAnswer(status int, body []byte) *Answer {
	return &Answer{
		Status: status, Header: http.Header{"Content-Type": {"application/json"}},
		Length: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
}

// streamAnswer returns a stream in the call's dialect.
func streamAnswer(call *Call, req *chat.Request, s chat.Stream) *Answer {
	return &Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
		Length: -1, Body: &encodedStream{stream: s, encoder: call.Dialect.NewEncoder(req)},
	}
}

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
