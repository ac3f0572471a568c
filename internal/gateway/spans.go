package gateway

import (
	"net/http"
	"strconv"

	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/trace"
)

// A request is a span of the server, and each attempt one of a client below it. Names and
// attributes are those of OpenTelemetry's conventions for HTTP and for generative AI.

func (x *exchange) beginSpan() {
	if x.g.tracer == nil {
		return
	}
	h := x.r.Header
	x.span = x.g.tracer.Start(trace.Server, trace.Parse(h.Get("Traceparent"), h.Get("Tracestate")), x.began)
	x.span.Name(x.r.Method + " " + x.r.Pattern)
	x.span.String("http.request.method", x.r.Method)
	x.span.String("http.route", x.r.Pattern)
	x.span.String("url.scheme", scheme(x.r))
	x.span.String("url.path", x.r.URL.EscapedPath())
	x.span.String("glide.request.id", x.id)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func (x *exchange) endSpan() {
	if x.span == nil {
		return
	}
	if x.router != nil {
		x.span.String("glide.router", x.router.ID)
		x.span.Int("glide.attempts", x.attempts)
	}
	if x.model != nil {
		x.span.String("glide.model", x.model.ID)
	}
	x.span.Int("http.response.status_code", x.status)
	switch {
	case x.status >= 500:
		x.span.Fail(strconv.Itoa(x.status))
	case x.failure != "" && x.status < 400:
		x.span.Fail("stream_broken")
	}
	x.span.End()
}

// operation returns the conventions' name for what d asks for.
func operation(d dialect.Dialect) string {
	switch d {
	case dialect.OpenAIChat, dialect.OpenAIResponses, dialect.AnthropicMessages:
		return "chat"
	}
	return d.Name()
}

func (t *try) beginSpan() {
	if t.exchange.span == nil {
		return
	}
	target, name := &t.attempt.Model.Target, operation(t.call.Dialect)
	t.span = t.g.tracer.Start(trace.Client, t.exchange.span.Context, t.began)
	t.span.Name(name + " " + target.Model)
	t.span.String("gen_ai.operation.name", name)
	t.span.String("gen_ai.provider.name", target.System)
	t.span.String("gen_ai.request.model", target.Model)
	if t.call.Stream {
		t.span.Bool("gen_ai.request.stream", true)
	}
	if target.Host != "" {
		t.span.String("server.address", target.Host)
		t.span.Int("server.port", target.Port)
	}
	t.call.Traceparent = t.span.Traceparent()
}

// endSpan ends the span of an attempt, which failed unless failure is empty.
func (t *try) endSpan(failure string) {
	if t.span == nil {
		return
	}
	if failure != "" {
		t.span.Fail(failure)
	} else {
		if t.first > 0 {
			t.span.Float("gen_ai.response.time_to_first_chunk", t.first.Seconds())
		}
		for _, count := range []struct {
			key string
			n   int
		}{
			{"gen_ai.usage.input_tokens", t.usage.Input}, {"gen_ai.usage.output_tokens", t.usage.Output},
			{"gen_ai.usage.cache_read.input_tokens", t.usage.CacheRead}, {"gen_ai.usage.cache_creation.input_tokens", t.usage.CacheWrite},
			{"gen_ai.usage.reasoning.output_tokens", t.usage.Reasoning},
		} {
			if count.n > 0 {
				t.span.Int(count.key, count.n)
			}
		}
	}
	t.span.End()
}
