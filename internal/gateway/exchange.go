package gateway

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/provider"
	"github.com/einstack/glide/internal/route"
	"github.com/einstack/glide/internal/scan"
	"github.com/einstack/glide/internal/trace"
)

// An exchange is one request and its answer.
type exchange struct {
	g       *Gateway
	state   *state
	w       http.ResponseWriter
	control *http.ResponseController
	r       *http.Request
	call    provider.Call
	client  *access.Client // nil if no key is needed
	router  *route.Router

	id       string
	began    time.Time
	attempts int
	status   int           // told to the client; 0 if none was
	first    time.Duration // until the first content
	usage    chat.Usage
	size     int          // of the request, in bytes
	events   int          // of the answer's stream
	model    *route.Model // that answered
	failure  string       // what the client was told to have failed
	span     *trace.Span  // nil for none
}

// A client that goes away before its answer is logged with the status and the failure.
const (
	statusClientGone = 499
	clientGone       = "the client went away"
)

// serve returns the handler of requests in the dialect d.
func (g *Gateway) serve(d dialect.Dialect) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.begin(w, r, d).serve((*exchange).takeNamed)
	}
}

// begin returns the exchange that r begins. It must be closed.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, d dialect.Dialect) *exchange {
	x := &exchange{
		g: g, state: g.state.Load(), w: w, control: http.NewResponseController(w), r: r,
		call: provider.Call{Dialect: d, Header: r.Header, Via: g.via}, began: time.Now(),
	}
	x.identify()
	x.beginSpan()
	g.metrics.running.Add(1)
	return x
}

// serve takes in the request, up to the point where its router is known, and answers it.
func (x *exchange) serve(take func(*exchange) *chat.Error) {
	// Deferred, so that a line is written for a stream that is broken off too.
	defer x.close()
	e := take(x)
	if e == nil {
		e = x.permit()
	}
	if e != nil {
		x.refuse(e)
		return
	}
	x.run()
}

// takeNamed takes in a request whose body names the router.
func (x *exchange) takeNamed() *chat.Error {
	if e := x.read(); e != nil {
		return e
	}
	return x.readEnvelope()
}

// identify gives the exchange its id: the client's own, if it is fit for a log.
func (x *exchange) identify() {
	if id := x.r.Header.Get("X-Request-Id"); id != "" && len(id) <= 128 && !strings.ContainsFunc(id, notPrintable) {
		x.id = id
	} else {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], rand.Uint64())
		x.id = hex.EncodeToString(b[:])
	}
	x.w.Header()["X-Glide-Request-Id"] = []string{x.id}
}

func notPrintable(c rune) bool { return c <= ' ' || c > '~' }

// read takes in the request with its body.
func (x *exchange) read() *chat.Error {
	if e := x.g.looped(x.r); e != nil {
		return e
	}
	if e := x.admit(); e != nil {
		return e
	}
	if t := x.r.Header.Get("Content-Type"); t != "" && !isJSON(t) {
		e := chat.Invalid("", "the content type %q is not accepted; send JSON with Content-Type: application/json", clip(t))
		e.Status, e.Code = http.StatusUnsupportedMediaType, "unsupported_media_type"
		return e
	}
	if t := x.r.Header.Get("Content-Encoding"); t != "" && !strings.EqualFold(t, "identity") {
		e := chat.Invalid("", "the content encoding %q is not accepted; send the body as it is", clip(t))
		e.Status, e.Code = http.StatusUnsupportedMediaType, "unsupported_media_type"
		return e
	}
	return x.readBody()
}

// looped refuses a request that has been here before.
func (g *Gateway) looped(r *http.Request) *chat.Error {
	for _, via := range r.Header["Via"] {
		if strings.Contains(via, g.via) {
			return &chat.Error{
				Status: http.StatusLoopDetected, Type: "api_error", Code: "loop_detected",
				Message: "the request came back to this gateway; the base_url of a model leads to Glide itself, let it name the provider",
			}
		}
	}
	return nil
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func (x *exchange) readBody() *chat.Error {
	cfg := &x.state.config.API.HTTP
	limit := int64(cfg.MaxBodySize)
	if x.r.ContentLength > limit {
		return tooLarge(cfg.MaxBodySize)
	}
	// A client may send slowly, but not for ever. Recorders in tests have no deadline.
	_ = x.control.SetReadDeadline(x.began.Add(cfg.ReadTimeout.Std()))
	body, err := provider.ReadBody(x.r.Body, x.r.ContentLength, limit)
	if err != nil {
		e := chat.Invalid("", "the body could not be read: %v", err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			e.Status, e.Code, e.Message = http.StatusRequestTimeout, "request_timeout", "the body did not arrive in time"
		}
		return e
	}
	_ = x.control.SetReadDeadline(time.Time{})
	x.call.Body, x.size = body, len(body.Bytes)
	if int64(len(body.Bytes)) > limit {
		return tooLarge(cfg.MaxBodySize)
	}
	return nil
}

// readEnvelope finds the fields that Glide itself goes by.
func (x *exchange) readEnvelope() *chat.Error {
	body := x.call.Body.Bytes
	var model, stream scan.Range
	err := scan.Object(body, func(key []byte, value scan.Range) error {
		var name string
		var field *scan.Range
		switch {
		case bytes.EqualFold(key, []byte("model")):
			name, field = "model", &model
		case bytes.EqualFold(key, []byte("stream")):
			name, field = "stream", &stream
		default:
			return nil
		}
		// To some parsers, Model is model: a provider would ask another model than Glide did.
		if string(key) != name {
			return chat.Invalid(string(key), "the field %q is unknown; write %q", key, name)
		}
		// Parsers disagree on which of two counts.
		if field.End > 0 {
			return chat.Invalid(string(key), "the field %q is given twice; remove one of the two", key)
		}
		*field = value
		return nil
	})
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e
	}
	if err != nil {
		return notObject(err)
	}
	switch string(stream.Of(body)) {
	case "", "false", "null":
	case "true":
		x.call.Stream = streams(x.call.Dialect)
	default:
		return chat.Invalid("stream", "stream is neither true nor false")
	}
	name, ok := scan.String(model.Of(body))
	if !ok {
		return chat.Invalid("model", "the field model is missing or not a string; name a router, as GET /v1/models lists them")
	}
	x.call.Model = model
	if x.router = x.state.targets[name]; x.router == nil {
		return x.state.unknownModel(name, x.client)
	}
	return nil
}

// streams reports whether there are streams in d. Where there are none, what the field stream
// says is the provider's matter.
func streams(d dialect.Dialect) bool {
	_, embeddings := d.(dialect.Embeddings)
	return !embeddings && d != dialect.AnthropicTokens
}

func notObject(err error) *chat.Error {
	e := chat.Invalid("", "the body is not a JSON object: %v", err)
	e.Code = "invalid_json"
	return e
}

// refuse tells the client that its request fails.
func (x *exchange) refuse(e *chat.Error) {
	x.status, x.failure = e.Status, e.Message
	x.client.Tell(x.w.Header())
	x.writeDeadline()
	writeError(x.w, x.call.Dialect, e)
	x.flush()
}

// flush sends what is written while there is a deadline for it. A client that is gone is
// noticed by the server itself.
func (x *exchange) flush() { _ = x.control.Flush() }

// writeDeadline gives the client a limited time to accept what is written next.
func (x *exchange) writeDeadline() {
	_ = x.control.SetWriteDeadline(time.Now().Add(x.state.config.API.HTTP.WriteTimeout.Std()))
}

// close ends the exchange with its line in the log.
func (x *exchange) close() {
	// The deadline is the connection's, and would outlast the request.
	_ = x.control.SetWriteDeadline(time.Time{})
	if x.call.Body != nil {
		x.call.Body.Release()
	}
	x.charge()
	x.g.metrics.answered(x)
	x.endSpan()
	level := slog.LevelInfo
	if x.status >= 500 || x.failure != "" && x.status < 400 {
		level = slog.LevelWarn
	}
	if !x.g.log.Enabled(logContext, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 13)
	attrs = append(attrs, slog.String("id", x.id), slog.String("operation", x.call.Dialect.Name()), slog.Int("status", x.status))
	if x.client != nil {
		attrs = append(attrs, slog.String("client", x.client.ID))
	}
	if x.router != nil {
		attrs = append(attrs, slog.String("router", x.router.ID), slog.Bool("stream", x.call.Stream), slog.Int("attempts", x.attempts))
	}
	if x.model != nil {
		attrs = append(attrs, slog.String("model", x.model.ID), slog.Int("input_tokens", x.usage.Input), slog.Int("output_tokens", x.usage.Output))
	}
	if x.first > 0 {
		attrs = append(attrs, slog.Duration("first_token", x.first))
	}
	attrs = append(attrs, slog.Duration("duration", time.Since(x.began)))
	if x.failure != "" {
		attrs = append(attrs, slog.String("error", x.failure))
	}
	// The logger would find out which line of the source this is, for nobody.
	line := slog.NewRecord(time.Now(), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = x.g.log.Handler().Handle(logContext, line)
}
