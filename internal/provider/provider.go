// Package provider sends requests to language models. There is one file per provider;
// the interface [Provider] is what they have in common.
//
// A provider that speaks the client's dialect gets the client's own bytes, but for the
// model's name, and its answer comes back as it is. For other dialects the provider
// translates by way of package chat, and refuses what it cannot express.
package provider

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/scan"
)

// A Provider sends calls to one model. It is safe for use by several goroutines.
type Provider interface {
	// Send sends a call and returns when the head of the answer is known. The answer is
	// in the call's dialect, whatever its status, and follows it until ctx ends. The
	// error is a [*chat.Error] if the provider cannot express the call, else a failure
	// to reach the model.
	Send(ctx context.Context, call *Call) (*Answer, error)
	// AsClient reports whether calls carry the client's own credential: what the provider
	// says of that says nothing of the model.
	AsClient() bool
}

// A Call is one request of a client.
type Call struct {
	Dialect dialect.Dialect
	Header  http.Header // the client's
	Body    *Body       // a JSON object
	Model   scan.Range  // where the model's name lies in the body, with its quotes
	Stream  bool
	// Via is this gateway's entry in the header Via, after those that the client sent.
	Via string
	// Traceparent takes the place of the client's header; empty to leave that.
	Traceparent string
}

// An Answer is what a model says to a call.
type Answer struct {
	Status int
	Header http.Header
	Length int64         // of the body in bytes; -1 if unknown
	Body   io.ReadCloser // server-sent events if the call was for a stream and the status is 200
	Usage  *chat.Usage   // of what was translated, known at the end of a stream; else nil
}

// New returns the provider that m configures.
func New(m *config.Model) (Provider, error) {
	switch _, settings := m.Provider(); s := settings.(type) {
	case *config.OpenAI:
		return newOpenAI(s, &m.Client), nil
	case *config.AzureOpenAI:
		return newAzure(s, &m.Client), nil
	case *config.Ollama:
		return newOllama(s, &m.Client), nil
	case *config.Anthropic:
		return newAnthropic(s, &m.Client), nil
	case *config.Bedrock:
		return newBedrock(s, &m.Client), nil
	case *config.Gemini:
		return newGemini(s, &m.Client), nil
	case *config.Cohere:
		return newCohere(s, &m.Client), nil
	case *config.Simulated:
		return newSimulated(s), nil
	default:
		return nil, fmt.Errorf("model %s: no provider for %T", m.ID, settings)
	}
}
