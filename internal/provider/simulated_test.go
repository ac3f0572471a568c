package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

func simulatedCall(stream bool) *Call {
	return &Call{
		Dialect: dialect.OpenAIChat, Stream: stream,
		Body: NewBody([]byte(`{"model":"x","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"one two"}]}`)),
	}
}

func TestSimulatedPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSimulated(&config.Simulated{Text: "a b c d e", Latency: config.Duration(time.Second), TokensPerSecond: 2})
		began := time.Now()
		a, err := p.Send(t.Context(), simulatedCall(true))
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(began); got != time.Second {
			t.Errorf("the first token takes %s, want 1s", got)
		}
		if _, err := io.ReadAll(a.Body); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(began); got != 3*time.Second {
			t.Errorf("the answer takes %s, want 3s", got)
		}
	})
}

func TestSimulatedFaults(t *testing.T) {
	p := newSimulated(&config.Simulated{ErrorRate: 0.25, ErrorStatus: 429, RetryAfter: config.Duration(1500 * time.Millisecond)})
	statuses := map[int]int{}
	for range 20 {
		a, err := p.Send(t.Context(), simulatedCall(false))
		if err != nil {
			t.Fatal(err)
		}
		statuses[a.Status]++
		if after := a.Header.Get("Retry-After"); a.Status == http.StatusTooManyRequests && after != "2" {
			t.Errorf("Retry-After is %q", after)
		}
	}
	if statuses[200] != 15 || statuses[429] != 5 {
		t.Errorf("got %v", statuses)
	}
}

func TestSimulatedCancel(t *testing.T) {
	p := newSimulated(&config.Simulated{Text: "a b", TokensPerSecond: 1e-3})
	ctx, cancel := context.WithCancel(t.Context())
	a, err := p.Send(ctx, simulatedCall(true))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(a.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSimulatedRefuses(t *testing.T) {
	p := newSimulated(&config.Simulated{})
	_, err := p.Send(t.Context(), &Call{Dialect: dialect.OpenAIChat, Body: NewBody([]byte(`{"model":"x"}`))})
	if e, ok := errors.AsType[*chat.Error](err); !ok || e.Param != "messages" {
		t.Errorf("got %v", err)
	}
}

// TestCollect gathers a stream of all kinds of events.
func TestCollect(t *testing.T) {
	r, err := collect(&sliceStream{events: []chat.Event{
		chat.Start{ID: "i", Model: "m", Created: 1},
		chat.ThinkingDelta{Text: "hm"}, chat.ThinkingDelta{Signature: "sig"},
		chat.TextDelta{Text: "a"}, chat.TextDelta{Text: "b"},
		chat.ToolStart{ID: "t1", Name: "f"}, chat.ToolDelta{Arguments: `{"x":`}, chat.ToolDelta{Arguments: `1}`},
		chat.ToolStart{ID: "t2", Name: "g"},
		chat.TextDelta{Text: "c"},
		chat.End{Finish: chat.ToolUse, Usage: chat.Usage{Input: 1, Output: 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []chat.Part{
		chat.Thinking{Text: "hm", Signature: "sig"}, chat.Text{Text: "ab"},
		chat.ToolCall{ID: "t1", Name: "f", Arguments: `{"x":1}`}, chat.ToolCall{ID: "t2", Name: "g"}, chat.Text{Text: "c"},
	}
	if len(r.Parts) != len(want) {
		t.Fatalf("got %+v", r.Parts)
	}
	for i := range want {
		if r.Parts[i] != want[i] {
			t.Errorf("part %d: got %+v, want %+v", i, r.Parts[i], want[i])
		}
	}
	if r.Finish != chat.ToolUse || r.Usage.Total() != 3 || r.ID != "i" {
		t.Errorf("got %+v", r)
	}
}

type sliceStream struct{ events []chat.Event }

func (s *sliceStream) Next() (chat.Event, error) {
	if len(s.events) == 0 {
		return nil, io.EOF
	}
	ev := s.events[0]
	s.events = s.events[1:]
	return ev, nil
}

func (s *sliceStream) Close() error { return nil }
