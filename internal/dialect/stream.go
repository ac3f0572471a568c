package dialect

import (
	"errors"
	"io"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/sse"
)

// A Decoder translates the events of one stream.
type Decoder interface {
	// Decode translates one event of the wire, which may amount to several. The name is
	// empty where events have none.
	Decode(name string, data []byte) ([]chat.Event, error)
	// Close translates the end of the stream. It returns nil unless the answer was
	// complete but for a closing event.
	Close() []chat.Event
}

// frames splits a stream into events of the wire.
type frames interface {
	// next returns an event's name and its data, which is valid until the next call.
	next() (name string, data []byte, err error)
}

// NewStream returns the stream of server-sent events that is read from body.
func NewStream(body io.ReadCloser, d Decoder) chat.Stream {
	return &eventStream{body: body, frames: serverSent{sse.NewReader(body)}, decoder: d}
}

// serverSent are server-sent events.
type serverSent struct{ *sse.Reader }

func (s serverSent) next() (string, []byte, error) {
	event, err := s.Next()
	if err != nil {
		return "", nil, err
	}
	name, data := sse.Parse(event)
	return string(name), data, nil
}

type eventStream struct {
	body    io.Closer
	frames  frames
	decoder Decoder
	queue   []chat.Event
	done    bool
}

func (s *eventStream) Next() (chat.Event, error) {
	for len(s.queue) == 0 {
		name, data, err := s.frames.next()
		switch {
		case s.done:
			return nil, io.EOF // what came after the end only freed the connection
		case errors.Is(err, io.EOF):
			if s.queue = s.decoder.Close(); s.queue == nil {
				return nil, io.ErrUnexpectedEOF
			}
		case err != nil:
			return nil, err
		case len(data) > 0:
			if s.queue, err = s.decoder.Decode(name, data); err != nil {
				return nil, err
			}
		}
	}
	next := s.queue[0]
	s.queue = s.queue[1:]
	_, s.done = next.(chat.End)
	return next, nil
}

func (s *eventStream) Close() error { return s.body.Close() }
