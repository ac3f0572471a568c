// Package dialect knows the wire formats that clients speak: how to write a refusal and to
// follow a stream as it passes by, and how to translate requests and answers into the
// vocabulary of package chat. One file per dialect and direction.
package dialect

import (
	"bytes"
	"io"
	"strconv"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
)

// A Dialect is one operation in a wire format of clients. A provider that speaks it
// natively gets a request's own bytes.
type Dialect interface {
	// Name returns the operation's name in logs and metrics, such as "chat".
	Name() string
	// EncodeError returns the body of a refusal.
	EncodeError(*chat.Error) []byte
	// EncodeStreamError returns the event that ends a stream which cannot go on.
	EncodeStreamError(*chat.Error) []byte
	// Follow notes in p what event, with its empty line, means for the stream.
	Follow(p *Progress, event []byte)
	// Finish returns the event that a stream lacks to be complete, nil for none.
	Finish(p *Progress) []byte
}

// A Chat is a dialect that is translated for providers which do not speak it.
type Chat interface {
	Dialect
	// DecodeRequest translates a request. The error is a [*chat.Error].
	DecodeRequest(body []byte) (*chat.Request, error)
	// EncodeResponse translates an answer.
	EncodeResponse(*chat.Response) []byte
	// NewEncoder returns what translates the stream that answers req.
	NewEncoder(req *chat.Request) Encoder
}

// An Upstream is a wire format as a provider speaks it: the way there and back for what
// came in another dialect.
type Upstream interface {
	// EncodeRequest translates a request to the model named. The error is a
	// [*chat.Error] with the name of what cannot be expressed.
	EncodeRequest(req *chat.Request, model string) ([]byte, error)
	// DecodeResponse translates an answer. It may lack what the provider does not say,
	// as DecodeStream's events.
	DecodeResponse(body []byte) (*chat.Response, error)
	// StreamType returns the content type of a stream.
	StreamType() string
	// DecodeStream translates a stream. The events may lack what the provider does not
	// say: the answer's id, the model's name, the time.
	DecodeStream(body io.ReadCloser) chat.Stream
	// DecodeError translates the body of an answer with the status of a failure.
	DecodeError(status int, body []byte) *chat.Error
}

// ofEvents is what dialects with server-sent events have in common.
type ofEvents struct{}

func (ofEvents) StreamType() string { return "text/event-stream" }

// An Embeddings is a dialect that asks for embeddings.
type Embeddings interface {
	Dialect
	// DecodeEmbeddings translates a request. The error is a [*chat.Error].
	DecodeEmbeddings(body []byte) (*chat.EmbeddingsRequest, error)
	// EncodeEmbeddings translates what answers req.
	EncodeEmbeddings(req *chat.EmbeddingsRequest, e *chat.Embeddings) []byte
}

// An EmbeddingsUpstream is a wire format for embeddings as a provider speaks it.
type EmbeddingsUpstream interface {
	// EncodeEmbeddings translates a request to the model named. The error is a
	// [*chat.Error] with the name of what cannot be expressed.
	EncodeEmbeddings(req *chat.EmbeddingsRequest, model string) ([]byte, error)
	// DecodeEmbeddings translates an answer.
	DecodeEmbeddings(body []byte) (*chat.Embeddings, error)
	// DecodeError translates the body of an answer with the status of a failure.
	DecodeError(status int, body []byte) *chat.Error
}

// An Encoder translates one stream.
type Encoder interface {
	// Encode appends the events of the wire that ev amounts to.
	Encode(dst []byte, ev chat.Event) []byte
}

// Progress is how far a stream has come.
type Progress struct {
	Content  bool   // content of the answer has been seen
	Finished bool   // the answer is complete; only the end of the stream may be missing
	Done     bool   // the stream is complete
	Failed   bool   // the stream holds an error in place of the rest
	Refusal  []byte // the body of an answer that says the same as that error
	Usage    chat.Usage
}

// Usage reads the usage that an answer states: an object, in the words of any dialect.
func Usage(object []byte) (u chat.Usage) {
	// A malformed object leaves zeros: the client gets it as it is all the same.
	_ = scan.Object(object, func(key []byte, value scan.Range) error {
		n, err := strconv.Atoi(string(value.Of(object)))
		if err != nil {
			return nil
		}
		switch string(key) {
		case "prompt_tokens", "input_tokens":
			u.Input = n
		case "completion_tokens", "output_tokens", "response_tokens":
			u.Output = n
		case "cache_read_input_tokens":
			u.CacheRead = n
		case "cache_creation_input_tokens":
			u.CacheWrite = n
		}
		return nil
	})
	// Anthropic counts what is cached apart; only its words above say so.
	u.Input += u.CacheRead + u.CacheWrite
	return u
}

// member returns the value at the end of a path of names in data, an object, or nil.
func member(data []byte, path ...string) []byte {
	for _, name := range path {
		var found []byte
		// What is malformed has no members; the client sees it as it is.
		_ = scan.Object(data, func(key []byte, value scan.Range) error {
			if string(key) == name {
				found = value.Of(data)
			}
			return nil
		})
		data = found
	}
	return data
}

// hasValue reports whether text holds the member key with a value that begins with first, such
// as a quote, and does not end at once with last. Inside of a string the key's quotes would
// be escaped, so it does not match.
func hasValue(text []byte, key string, first, last byte) bool {
	for {
		at := bytes.Index(text, []byte(key))
		if at < 0 {
			return false
		}
		text = text[at+len(key):]
		value := bytes.TrimLeft(text, ": ")
		if len(value) > 1 && value[0] == first && value[1] != last {
			return true
		}
	}
}
