package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/provider"
	"github.com/einstack/glide/internal/route"
	"github.com/einstack/glide/internal/trace"
)

// A setback is why an attempt gave the client nothing. If the provider answered, that
// answer is kept, since it says best what is wrong.
type setback struct {
	model   string
	err     error // set unless the provider answered
	status  int
	header  http.Header
	body    []byte
	inBand  bool // the failure came in an answer that promised success
	refused bool // the provider cannot express the request
}

func (s *setback) String() string {
	if s.err != nil {
		return fmt.Sprintf("%s: %v", s.model, s.err)
	}
	return fmt.Sprintf("%s: status %d", s.model, s.status)
}

// The causes for which an attempt is broken off.
var (
	errTotal      = errors.New("the answer took longer than client.timeout")
	errStream     = errors.New("the stream took longer than client.stream_timeout")
	errFirstToken = errors.New("no content came within client.first_token_timeout")
	errIdle       = errors.New("the stream paused longer than client.idle_timeout")
)

func timedOut(err error) bool {
	return errors.Is(err, errTotal) || errors.Is(err, errStream) || errors.Is(err, errFirstToken) || errors.Is(err, errIdle)
}

// run asks one model after the other until one has answered.
func (x *exchange) run() {
	var tried route.Tried
	var setbacks []*setback
	for {
		attempt, ok := x.router.Next(&tried, x.call.Stream)
		if !ok {
			x.exhausted(tried, setbacks)
			return
		}
		x.attempts++
		back := x.try(attempt)
		if back == nil {
			return
		}
		x.report(back)
		setbacks = append(setbacks, back)
	}
}

func (x *exchange) report(back *setback) {
	x.g.log.LogAttrs(logContext, slog.LevelWarn, "attempt failed", slog.String("id", x.id), slog.String("reason", back.String()))
}

// A try is the sending of the call to one model.
type try struct {
	*exchange
	attempt  route.Attempt
	began    time.Time
	cancel   context.CancelCauseFunc
	watchdog *time.Timer
	limit    atomic.Pointer[error] // what the watchdog says
	span     *trace.Span           // nil for none
}

// try sends the call to one model. It returns nil if the client has been answered or is
// gone, else why another model is to be asked. A stream lasts as long as it does, with all
// that called it on a stack of 8 KB, which would double for a little more: what is done
// before and after is in functions of its own.
func (x *exchange) try(attempt route.Attempt) (back *setback) {
	ctx, t := x.beginTry(attempt)
	// Deferred, as a stream that breaks ends in a panic.
	defer func() { t.close(back) }()

	answer, err := attempt.Model.Provider.Send(ctx, &x.call)
	if err != nil {
		return t.failed(ctx, err)
	}
	defer answer.Body.Close()
	if answer.Status/100 == 2 {
		if x.call.Stream {
			return t.relayStream(ctx, answer)
		}
		return t.relayPlain(ctx, answer)
	}
	return t.declined(ctx, answer)
}

// beginTry returns a try, which must be closed, and the context that it ends.
func (x *exchange) beginTry(attempt route.Attempt) (context.Context, *try) {
	x.introduce(attempt.Model)
	ctx, cancel := context.WithCancelCause(x.r.Context())
	t := &try{exchange: x, attempt: attempt, began: time.Now(), cancel: cancel}
	t.beginSpan()
	if x.call.Stream {
		t.watch(attempt.Model.Config.Client.FirstTokenTimeout.Std(), &errFirstToken)
	} else {
		t.watch(0, nil)
	}
	return ctx, t
}

// close ends a try that ended in back.
func (t *try) close(back *setback) {
	t.unwatch()
	t.note(back)
	t.cancel(nil)
}

// maxErrorBody is how much of an error's body is read, in bytes.
const maxErrorBody = 256 << 10

// watch breaks the attempt off after d, or when its time in all is over. A d of 0 is no
// limit of its own. It replaces the watch before.
func (t *try) watch(d time.Duration, limit *error) {
	client := &t.attempt.Model.Config.Client
	within := func(total time.Duration, ofTotal *error) {
		if total > 0 {
			if left := max(total-time.Since(t.began), 1); d == 0 || left < d {
				d, limit = left, ofTotal
			}
		}
	}
	if t.model == nil { // what has begun to reach the client may last
		within(client.Timeout.Std(), &errTotal)
	}
	if t.call.Stream {
		within(client.StreamTimeout.Std(), &errStream)
	}
	t.limit.Store(limit)
	switch {
	case d == 0:
		t.unwatch()
	case t.watchdog == nil:
		t.watchdog = time.AfterFunc(d, func() { t.cancel(*t.limit.Load()) })
	default:
		t.watchdog.Reset(d)
	}
}

func (t *try) unwatch() {
	if t.watchdog != nil {
		t.watchdog.Stop()
	}
}

// declined takes note of an answer that is no success, or passes it on.
func (t *try) declined(ctx context.Context, answer *provider.Answer) *setback {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
	if err != nil {
		return t.failed(ctx, err)
	}
	back := &setback{model: t.attempt.Model.ID, status: answer.Status, header: answer.Header, body: body}
	asClient := t.attempt.Model.Provider.AsClient()
	switch status := answer.Status; {
	case refusesRequest(status), asClient && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		t.attempt.Abandon()
		t.model = t.attempt.Model
		t.passOn(back)
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		t.attempt.Abandon() // what is not there may be a file or a conversation that the request names
	case asClient && (status == http.StatusPaymentRequired || status == http.StatusTooManyRequests):
		t.attempt.Abandon() // others have accounts of their own
	case status == http.StatusUnauthorized:
		t.attempt.Reject()
	case status == http.StatusPaymentRequired:
		t.attempt.Rest(retryAfter(answer.Header, time.Minute))
	case status == http.StatusTooManyRequests:
		t.attempt.Limit(retryAfter(answer.Header, time.Second))
	default:
		t.attempt.Fail()
	}
	return back
}

// refusesRequest reports whether a status says that the request itself is wrong: no model
// would take it, and this one is well. Others of 4xx tell of the provider's own trouble, such
// as 402 of an empty account, 424 of a model that failed and 499 of a call that broke off.
func refusesRequest(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusConflict, http.StatusLengthRequired,
		http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusRequestHeaderFieldsTooLarge:
		return true
	}
	return false
}

// failed takes note of an attempt that brought no answer.
func (t *try) failed(ctx context.Context, err error) *setback {
	back := &setback{model: t.attempt.Model.ID, err: err}
	if t.r.Context().Err() != nil {
		t.attempt.Abandon()
		t.status, t.failure = statusClientGone, clientGone
		return nil
	}
	if e, ok := errors.AsType[*chat.Error](err); ok {
		t.attempt.Abandon()
		if e.Code != chat.CodeUnsupported {
			t.refuse(e)
			return nil
		}
		back.refused = true
		return back
	}
	if cause := context.Cause(ctx); cause != nil {
		back.err = cause
	}
	t.attempt.Fail()
	return back
}

// retryAfter returns how long a provider wants to be left alone, or otherwise if it does
// not say.
func retryAfter(h http.Header, otherwise time.Duration) time.Duration {
	const least, most = time.Second, time.Hour
	value := h.Get("Retry-After")
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return min(max(time.Duration(ms*float64(time.Millisecond)), time.Millisecond), most)
	}
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		return min(max(time.Duration(s*float64(time.Second)), least), most)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), least), most)
	}
	return otherwise
}

// exhausted answers the client when no model is left to ask. Those that were not tried rest.
func (x *exchange) exhausted(tried route.Tried, setbacks []*setback) {
	if len(setbacks) == 0 {
		x.refuse(x.resting(tried))
		return
	}
	var told, failed, refused *setback // the last of each
	for _, back := range setbacks {
		if back.refused {
			refused = back
			continue
		}
		failed = back
		if back.err == nil && back.status != http.StatusUnauthorized {
			told = back
		}
	}
	switch {
	case told != nil:
		if told.status != http.StatusTooManyRequests {
			told.header["X-Should-Retry"] = []string{"false"} // whatever the provider says of itself alone
		}
		x.passOn(told)
	case failed != nil:
		x.w.Header()["X-Should-Retry"] = []string{"false"}
		x.refuse(failed.tell(x.router.ID, len(setbacks)))
	default:
		e, _ := errors.AsType[*chat.Error](refused.err)
		if rest := x.resting(tried); rest.RetryAfter > 0 {
			rest.Message = fmt.Sprintf("%s; the other models of the router %s rest", e.Message, x.router.ID)
			e = rest
		}
		x.refuse(e)
	}
}

// tell returns the client's error for a request that no model answered.
func (s *setback) tell(router string, attempts int) *chat.Error {
	e := chat.Failed(http.StatusBadGateway, "provider_unreachable", "no model of the router %s answered after %d attempts; the last was %s", router, attempts, s)
	switch {
	case s.err == nil:
		e.Code = "provider_rejected_credentials"
	case timedOut(s.err):
		e.Status, e.Code = http.StatusGatewayTimeout, "provider_timeout"
	}
	return e
}

// resting returns the client's error when none of the models that were not tried may be
// asked. It says for how long unless they are out for good.
func (x *exchange) resting(tried route.Tried) *chat.Error {
	rest, limited := x.router.Rest(tried)
	e := chat.Failed(http.StatusServiceUnavailable, "all_models_unavailable",
		"no model of the router %s is available; they rest after failures, or their credentials were rejected", x.router.ID)
	if limited {
		e = &chat.Error{
			Status: http.StatusTooManyRequests, Type: "rate_limit_error", Code: "rate_limit_exceeded",
			Message: fmt.Sprintf("the providers limit the rate of all models of the router %s", x.router.ID),
		}
	}
	e.RetryAfter = rest
	return e
}

// passOn gives the client a provider's own error.
func (x *exchange) passOn(s *setback) {
	x.status, x.failure = s.status, s.String()
	h := x.w.Header()
	copyHeader(h, s.header)
	x.client.Tell(h) // in place of what the provider says of its limits
	h["X-Glide-Model"] = []string{s.model}
	h["Content-Length"] = []string{strconv.Itoa(len(s.body))}
	x.writeDeadline()
	x.w.WriteHeader(s.status)
	_, _ = x.w.Write(s.body)
	x.flush()
}

func copyHeader(dst, src http.Header) {
	for name, values := range src {
		if provider.Forwardable(name) {
			dst[name] = values
		}
	}
}
