package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
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

func TestSimulatedEmbeddings(t *testing.T) {
	p := newSimulated(&config.Simulated{})
	for _, tt := range []struct {
		inputs     int
		dimensions string
		param      string // that is too large
	}{
		{1, "", ""}, {2048, "", ""}, {2049, "", "input"}, {1, `"dimensions":3072,`, ""}, {1, `"dimensions":3073,`, "dimensions"},
		{341, `"dimensions":3072,`, ""}, {342, `"dimensions":3072,`, "input"},
	} {
		body := `{"model":"x",` + tt.dimensions + `"encoding_format":"base64","input":["x"` + strings.Repeat(`,"x"`, tt.inputs-1) + "]}"
		a, err := p.Send(t.Context(), &Call{Dialect: dialect.OpenAIEmbeddings, Body: NewBody([]byte(body))})
		e, _ := errors.AsType[*chat.Error](err)
		switch {
		case tt.param != "":
			if e == nil || e.Status != http.StatusBadRequest || e.Param != tt.param {
				t.Errorf("%d inputs, %s got %v", tt.inputs, tt.dimensions, err)
			}
		case err != nil:
			t.Errorf("%d inputs, %s got %v", tt.inputs, tt.dimensions, err)
		default:
			data, err := io.ReadAll(a.Body)
			if n := strings.Count(string(data), `"index"`); err != nil || n != tt.inputs {
				t.Errorf("%d inputs, %s got %d vectors, %v", tt.inputs, tt.dimensions, n, err)
			}
		}
	}
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
