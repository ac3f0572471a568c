package dialect

import (
	"errors"
	"io"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/sse"
)

// A Decoder translates the events of one stream.
type Decoder interface {
	// Decode translates the data of one event, which may amount to several.
	Decode(data []byte) ([]chat.Event, error)
	// Close translates the end of the stream. It returns nil unless the answer was
	// complete but for a closing event.
	Close() []chat.Event
}

// NewStream returns the stream of server-sent events that is read from body.
func NewStream(body io.ReadCloser, d Decoder) chat.Stream {
	return &eventStream{body: body, events: sse.NewReader(body, nil), decoder: d}
}

type eventStream struct {
	body    io.Closer
	events  *sse.Reader
	decoder Decoder
	queue   []chat.Event
	done    bool
}

func (s *eventStream) Next() (chat.Event, error) {
	for len(s.queue) == 0 {
		event, err := s.events.Next()
		switch {
		case s.done:
			return nil, io.EOF // what came after the end only freed the connection
		case errors.Is(err, io.EOF):
			if s.queue = s.decoder.Close(); s.queue == nil {
				return nil, io.ErrUnexpectedEOF
			}
		case err != nil:
			return nil, err
		default:
			_, data := sse.Parse(event)
			if len(data) == 0 {
				continue
			}
			if s.queue, err = s.decoder.Decode(data); err != nil {
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
