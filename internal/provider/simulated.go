package provider

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

// simulated plays a model: it says the same thing to the same request, at the pace and
// with the faults that it is told to have.
type simulated struct {
	settings *config.Simulated
	calls    atomic.Uint64
}

func newSimulated(s *config.Simulated) *simulated { return &simulated{settings: s} }

func (p *simulated) AsClient() bool { return false }

func (p *simulated) Send(ctx context.Context, call *Call) (*Answer, error) {
	reply, err := p.prepare(call)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, p.settings.Latency.Std()); err != nil {
		return nil, err
	}
	if p.fails() {
		return p.failure(call), nil
	}
	return reply(ctx)
}

// prepare checks a call and returns what answers it.
func (p *simulated) prepare(call *Call) (func(context.Context) (*Answer, error), error) {
	if d, ok := call.Dialect.(dialect.Embeddings); ok {
		req, err := d.DecodeEmbeddings(call.Body.Bytes)
		if err != nil {
			return nil, err
		}
		dimensions, err := dimensionsOf(req)
		return func(context.Context) (*Answer, error) { return p.embed(d, req, dimensions), nil }, err
	}
	c, err := decode(call, "a simulated model", p.settings.Model)
	return func(ctx context.Context) (*Answer, error) {
		stream := p.stream(ctx, c.request, call.Body.Bytes)
		if call.Stream {
			return c.stream(nil, stream), nil
		}
		response, err := chat.Collect(stream)
		if err != nil {
			return nil, err
		}
		return c.answer(nil, response), nil
	}, err
}

// fails reports whether the next call is one of those that fail: with a rate r the sum
// n·r passes a whole number at the share r of all n.
func (p *simulated) fails() bool {
	n, rate := float64(p.calls.Add(1)), p.settings.ErrorRate
	return uint64(n*rate) > uint64((n-1)*rate)
}

func (p *simulated) failure(call *Call) *Answer {
	e := chat.Failed(p.settings.ErrorStatus, "simulated_failure", "simulated failure; the setting error_rate asks for it")
	if e.Status == http.StatusTooManyRequests {
		e.Type = "rate_limit_error"
	}
	e.RetryAfter = p.settings.RetryAfter.Std()
	return refusal(call.Dialect, nil, e)
}

// stream returns the answer to req. The identity of the answer is that of the request.
func (p *simulated) stream(ctx context.Context, req *chat.Request, body []byte) *simulatedStream {
	hash := fnv.New64a()
	hash.Write(body)
	prompt, last := 0, ""
	for _, m := range append([]chat.Message{{Role: "system", Parts: req.System}}, req.Messages...) {
		for _, part := range m.Parts {
			if text, ok := part.(chat.Text); ok {
				prompt += len(strings.Fields(text.Text))
				if m.Role == chat.User {
					last = text.Text
				}
			}
		}
	}
	text := p.settings.Text
	if text == "" {
		text = fmt.Sprintf("This is Glide's simulated model. You said: %s", last)
	}
	s := &simulatedStream{
		ctx: ctx, start: chat.Start{ID: fmt.Sprintf("chatcmpl-%016x", hash.Sum64()), Model: p.settings.Model, Created: time.Now().Unix()},
		tokens: strings.SplitAfter(text, " "), end: chat.End{Finish: chat.Stop},
	}
	if limit := req.MaxTokens; limit != nil && *limit >= 0 && *limit < len(s.tokens) {
		s.tokens, s.end.Finish = s.tokens[:*limit], chat.Length
	}
	s.end.Usage = chat.Usage{Input: prompt, Output: len(s.tokens)}
	if rate := p.settings.TokensPerSecond; rate > 0 {
		s.gap = time.Duration(float64(time.Second) / rate)
	}
	return s
}

type simulatedStream struct {
	ctx    context.Context
	start  chat.Start
	tokens []string
	end    chat.End
	gap    time.Duration
	step   int
}

func (s *simulatedStream) Next() (chat.Event, error) {
	step := s.step
	s.step++
	switch {
	case step == 0:
		return s.start, nil
	case step <= len(s.tokens):
		if step > 1 {
			if err := pause(s.ctx, s.gap); err != nil {
				return nil, err
			}
		}
		return chat.TextDelta{Text: s.tokens[step-1]}, nil
	case step == len(s.tokens)+1:
		return s.end, nil
	}
	return nil, io.EOF
}

func (s *simulatedStream) Close() error { return nil }

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
