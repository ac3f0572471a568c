package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/scan"
)

// A chatMessage is what Glide itself reads of a WebSocket's message.
type chatMessage struct {
	id       string
	metadata json.RawMessage // nil if there is none
	cancel   bool
}

// The largest id and metadata, in bytes. Both come back with each piece of an answer.
const (
	maxChatID       = 128
	maxChatMetadata = 4 << 10
)

// readChatMessage reads a message as far as that goes: even of a refused one the id is
// known, if it has any.
func readChatMessage(message []byte) (m chatMessage, e *chat.Error) {
	err := scan.Object(message, func(key []byte, value scan.Range) error {
		text := value.Of(message)
		switch string(key) {
		case "id":
			m.id, _ = scan.String(text)
		case "metadata":
			m.metadata = text
		case "cancel":
			m.cancel = string(text) == "true"
		}
		return nil
	})
	switch {
	case err != nil:
		return chatMessage{}, notObject(err)
	case m.id == "" || len(m.id) > maxChatID:
		m.id = ""
		e = chat.Invalid("id", "the message has no id, or a long one; give each chat a string of at most %d bytes", maxChatID)
	case len(m.metadata) > maxChatMetadata:
		e = chat.Invalid("metadata", "the metadata are larger than %d bytes; send less", maxChatMetadata)
	default:
		return m, nil
	}
	m.metadata = nil
	return m, e
}

// A chatWriter carries the answer to one chat over its WebSocket. To the exchange it is a
// client like any other: each event of the stream that it writes becomes a message.
type chatWriter struct {
	socket   *socket
	id       string
	cancel   context.CancelFunc
	header   http.Header
	status   int
	deadline time.Time
	prefix   []byte // of each message: whose it is
}

func newChatWriter(s *socket, m chatMessage, cancel context.CancelFunc) *chatWriter {
	prefix := fmt.Appendf(nil, `{"id":%s,"created_at":%d,"router_id":%s,`, mustEncode(m.id), time.Now().Unix(), mustEncode(s.request.PathValue("router")))
	if m.metadata != nil {
		prefix = fmt.Appendf(prefix, `"metadata":%s,`, m.metadata)
	}
	return &chatWriter{socket: s, id: m.id, cancel: cancel, header: http.Header{}, prefix: prefix}
}

func (w *chatWriter) Header() http.Header { return w.header }

func (w *chatWriter) WriteHeader(status int) { w.status = status }

// SetWriteDeadline limits the time that the client has to accept messages.
func (w *chatWriter) SetWriteDeadline(t time.Time) error {
	w.deadline = t
	return nil
}

// FlushError does nothing, as messages are sent when they are written.
func (w *chatWriter) FlushError() error { return nil }

// Write sends whole events of a stream, or the body of a refusal.
func (w *chatWriter) Write(p []byte) (int, error) {
	if w.status/100 != 2 {
		return len(p), w.send(`"error":{"finish_reason":"error",`, bytes.TrimPrefix(p, []byte("{")), "}")
	}
	for event := range bytes.SplitAfterSeq(p, []byte("\n\n")) {
		if data, ok := bytes.CutPrefix(event, []byte("data: {")); ok {
			if err := w.send("", bytes.TrimSuffix(data, []byte("\n\n")), ""); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// fail sends the last message of a chat that was cut short.
func (w *chatWriter) fail(e *chat.Error) {
	w.status = http.StatusBadGateway
	w.deadline = time.Now().Add(time.Second)
	_, _ = w.Write(dialect.Glide{}.EncodeError(e)) // a client that is gone need not know
}

func (w *chatWriter) send(before string, data []byte, after string) error {
	// As a key, since the quotes of a text are escaped. Only the last message has it.
	if before != "" || bytes.Contains(data, []byte(`"finish_reason":"`)) {
		w.socket.free(w)
	}
	// Not the chat's context: the library closes the connection when it ends.
	ctx, cancel := context.WithDeadline(context.Background(), w.deadline)
	defer cancel()
	message := make([]byte, 0, len(w.prefix)+len(before)+len(data)+len(after))
	message = append(append(append(append(message, w.prefix...), before...), data...), after...)
	return w.socket.conn.Write(ctx, websocket.MessageText, message)
}
