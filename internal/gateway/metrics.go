package gateway

import (
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/metrics"
)

// telemetry is what the gateway measures. Names and buckets are those of OpenTelemetry's
// conventions for generative AI, in Prometheus' spelling, where they have one; the rest
// begins with glide. A model is named as clients do, by router/model.
type telemetry struct {
	registry metrics.Registry
	running  atomic.Int64 // requests
	requests *metrics.Counter
	fallback *metrics.Counter
	duration *metrics.Histogram
	first    *metrics.Histogram
	tokens   *metrics.Histogram
}

// The conventions' buckets, of seconds and of tokens.
var (
	durationBuckets = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	firstBuckets    = []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	tokenBuckets    = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
)

func newTelemetry(g *Gateway) *telemetry {
	t := new(telemetry)
	r := &t.registry
	t.requests = metrics.NewCounter(r, "glide_requests_total", "Requests of clients by the status they were told; 499 if they went away before.",
		"gen_ai_operation_name", "router", "status")
	t.fallback = metrics.NewCounter(r, "glide_fallbacks_total", "Attempts that failed before the first content, so that another model could be asked.", "model", "error_type")
	t.duration = metrics.NewHistogram(r, "gen_ai_client_operation_duration_seconds", "Duration of calls to providers, to the end of the answer.",
		durationBuckets, "gen_ai_operation_name", "gen_ai_provider_name", "model", "error_type")
	t.first = metrics.NewHistogram(r, "gen_ai_server_time_to_first_token_seconds", "Time from a call to the first content of its stream.",
		firstBuckets, "gen_ai_operation_name", "gen_ai_provider_name", "model")
	t.tokens = metrics.NewHistogram(r, "gen_ai_client_token_usage", "Tokens of an answer, as the provider counts them.",
		tokenBuckets, "gen_ai_operation_name", "gen_ai_provider_name", "model", "gen_ai_token_type")
	metrics.NewGauge(r, "glide_requests_running", "Requests that are being answered.", func(set func(float64, ...string)) { set(float64(t.running.Load())) })
	metrics.NewGauge(r, "glide_websockets_open", "WebSockets that are open.", func(set func(float64, ...string)) { set(float64(g.sockets.count())) })
	metrics.NewGauge(r, "glide_model_ready", "Whether the model may be asked: 0 while it rests after failures or by its provider's wish, or its credentials are rejected.",
		func(set func(float64, ...string)) { g.state.Load().readiness(set) }, "model", "gen_ai_provider_name")
	metrics.NewGauge(r, "glide_build_info", "The version, as a label.", func(set func(float64, ...string)) { set(1, glide.Version()) }, "version")
	metrics.NewGauge(r, "go_goroutines", "Number of goroutines that currently exist.", func(set func(float64, ...string)) { set(float64(runtime.NumGoroutine())) })
	metrics.NewGauge(r, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
		func(set func(float64, ...string)) { set(float64(started.UnixMilli()) / 1e3) })
	return t
}

// readiness passes to set whether each model may be asked.
func (s *state) readiness(set func(float64, ...string)) {
	for _, id := range slices.Sorted(maps.Keys(s.routers)) {
		for _, m := range s.routers[id].Models {
			ready := 0.0
			if m.Ready() {
				ready = 1
			}
			set(ready, m.ID, m.Target.System)
		}
	}
}

func (t *telemetry) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	// A client that is gone is noticed by the server itself.
	_, _ = t.registry.WriteTo(w)
}

// note tells of an attempt that gave the client nothing because of back, or answered it.
func (t *try) note(back *setback) {
	failure := errorType(t, back)
	t.g.metrics.attempted(t, back, failure)
	t.endSpan(failure)
}

// attempted takes note of a call to a provider.
func (t *telemetry) attempted(a *try, back *setback, failure string) {
	m, operation := a.attempt.Model, a.call.Dialect.Name()
	t.duration.Observe(time.Since(a.began).Seconds(), operation, m.Target.System, m.ID, failure)
	if back != nil {
		t.fallback.Add(1, m.ID, failure)
	}
}

// traffic returns the traffic of models by their IDs, without shares.
func (t *telemetry) traffic() map[string]Traffic {
	all := map[string]Traffic{}
	t.duration.Each(func(n uint64, values ...string) {
		model, failure := values[2], values[3]
		if failure == unsupported {
			return // it was not sent
		}
		sum := all[model]
		sum.Requests += n
		if blames(failure) {
			sum.Errors += n
		}
		all[model] = sum
	})
	return all
}

// The failures of attempts that are not the model's.
const (
	unsupported = "unsupported"
	abandoned   = "client_gone"
)

// blames reports whether a failure, as errorType names it, is the model's.
func blames(failure string) bool {
	if failure == "" || failure == abandoned || failure == unsupported {
		return false
	}
	status, err := strconv.Atoi(failure)
	return err != nil || !refusesRequest(status)
}

// errorType names the failure of an attempt; it is empty for a success.
func errorType(a *try, back *setback) string {
	switch {
	case back != nil && back.refused:
		return unsupported
	case back != nil && back.err == nil:
		return strconv.Itoa(back.status)
	case back != nil && timedOut(back.err):
		return "timeout"
	case back != nil:
		return "unreachable"
	case a.failure == "":
		return ""
	case a.failure == clientGone:
		return abandoned
	case a.status >= 400:
		return strconv.Itoa(a.status)
	}
	return "stream_broken"
}

// answered takes note of a request that is over.
func (t *telemetry) answered(x *exchange) {
	operation, router := x.call.Dialect.Name(), ""
	if x.router != nil {
		router = x.router.ID
	}
	defer t.running.Add(-1)
	t.requests.Add(1, operation, router, strconv.Itoa(x.status))
	if x.model == nil || x.status >= 400 {
		return
	}
	if x.first > 0 {
		t.first.Observe(x.first.Seconds(), operation, x.model.Target.System, x.model.ID)
	}
	if x.usage.Total() > 0 {
		t.tokens.Observe(float64(x.usage.Input), operation, x.model.Target.System, x.model.ID, "input")
		t.tokens.Observe(float64(x.usage.Output), operation, x.model.Target.System, x.model.ID, "output")
	}
}
