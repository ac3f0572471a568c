// Package gateway is the HTTP server: it takes a client's request to a model and the
// answer back.
//
// A request's life: [Gateway.Handler] reads and limits the body, the router orders the
// models that are well, a provider sends, and the answer is passed on as it comes. Until
// the first content has reached the client the next model can take over; after that a
// failure is told in the stream. One line of the log closes it.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/route"
	"github.com/einstack/glide/internal/trace"
)

// A Gateway serves clients. What it serves is replaced as a whole by [Gateway.Apply];
// requests keep the configuration that they began with.
type Gateway struct {
	log      *slog.Logger
	via      string // names this process in the header Via
	state    atomic.Pointer[state]
	metrics  *telemetry
	sockets  sockets
	tracer   *trace.Tracer // nil for none
	draining atomic.Bool
}

// state is what one configuration amounts to. It never changes.
type state struct {
	config  *config.Config
	keys    *access.Keyring
	tls     *tls.Config     // nil without encryption
	order   []*route.Router // as configured
	routers map[string]*route.Router
	targets map[string]*route.Router // what clients name: router, and router/model
}

// New returns a gateway that serves cfg and writes to log.
func New(cfg *config.Config, log *slog.Logger) (*Gateway, error) {
	g := &Gateway{log: log, via: fmt.Sprintf("1.1 glide-%016x", rand.Uint64())}
	if err := g.Apply(cfg); err != nil {
		return nil, err
	}
	g.metrics = newTelemetry(g)
	return g, nil
}

// Trace makes the gateway record spans by t. It is to be called before it serves.
func (g *Gateway) Trace(t *trace.Tracer) { g.tracer = t }

// Apply makes the gateway serve cfg from the next request on. On an error it goes on
// with what it had.
func (g *Gateway) Apply(cfg *config.Config) error {
	s, err := newState(cfg, g.state.Load())
	if err != nil {
		return fmt.Errorf("apply the configuration: %w", err)
	}
	g.state.Store(s)
	return nil
}

// newState returns what cfg amounts to, with what is known of models and clients from
// old, which may be nil.
func newState(cfg *config.Config, old *state) (*state, error) {
	s := &state{config: cfg, routers: map[string]*route.Router{}, targets: map[string]*route.Router{}}
	var keys *access.Keyring
	var routers map[string]*route.Router
	if old != nil {
		keys, routers = old.keys, old.routers
	}
	s.keys = access.NewKeyring(cfg.API.Keys, keys)
	var err error
	if s.tls, err = newTLS(cfg.API.HTTP.TLS); err != nil {
		return nil, err
	}
	if old != nil && (s.tls == nil) != (old.tls == nil) {
		return nil, errors.New("api.http.tls cannot come or go while Glide runs; restart it")
	}
	for i := range cfg.Routers.Language {
		rc := &cfg.Routers.Language[i]
		if !rc.Enabled {
			continue
		}
		r, err := route.NewRouter(rc, routers[rc.ID])
		if err != nil {
			return nil, err
		}
		s.order = append(s.order, r)
		s.routers[r.ID], s.targets[r.ID] = r, r
		for _, m := range r.Models {
			s.targets[m.ID] = r.Only(m.Config.ID)
		}
	}
	return s, nil
}

// A path is a part of the API.
type path struct {
	method  string
	pattern string
	dialect dialect.Dialect // of its errors
	handler http.HandlerFunc
}

// paths returns the whole API. openapi.yaml describes it.
func (g *Gateway) paths() []path {
	ask := func(pattern string, d dialect.Dialect) path {
		return path{http.MethodPost, pattern, d, g.serve(d)}
	}
	get := func(pattern string, d dialect.Dialect, h http.HandlerFunc) path {
		return path{http.MethodGet, pattern, d, g.briefly(h)}
	}
	return []path{
		ask("/v1/chat/completions", dialect.OpenAIChat),
		ask("/v1/embeddings", dialect.OpenAIEmbeddings),
		ask("/v1/responses", dialect.OpenAIResponses),
		ask("/v1/messages", dialect.AnthropicMessages),
		ask("/v1/messages/count_tokens", dialect.AnthropicTokens),
		get("/v1/models", dialect.OpenAIChat, g.known(dialect.OpenAIChat, serveModels)),
		get("/v1/models/{model...}", dialect.OpenAIChat, g.known(dialect.OpenAIChat, serveModel)),
		get("/v1/language", dialect.Glide{}, g.known(dialect.Glide{}, g.serveLanguage)),
		{http.MethodPost, "/v1/language/{router}/chat", dialect.Glide{}, g.serveLanguageChat},
		{http.MethodGet, "/v1/language/{router}/chatStream", dialect.Glide{}, g.serveChatStream},
		get("/v1/health", dialect.OpenAIChat, g.serveReady),
		get("/v1/health/ready", dialect.OpenAIChat, g.serveReady),
		get("/v1/health/live", dialect.OpenAIChat, g.serveLive),
		get("/metrics", dialect.OpenAIChat, g.metrics.serve),
		get("/openapi.json", dialect.OpenAIChat, serveOpenAPI),
	}
}

// Handler returns the handler of all requests.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range g.paths() {
		mux.HandleFunc(p.pattern, g.only(p.method, p.dialect, p.handler))
	}
	mux.HandleFunc("/{$}", g.servePage)
	mux.HandleFunc("/", g.briefly(g.serveNothing))
	h := g.allowOrigins(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// briefly gives clients a limited time to accept what h answers.
func (g *Gateway) briefly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		// Recorders in tests have no deadline; the server notices itself who is gone. The
		// deadline is the connection's, and would outlast the request.
		_ = control.SetWriteDeadline(time.Now().Add(g.state.Load().config.API.HTTP.WriteTimeout.Std()))
		h(w, r)
		_ = control.Flush()
		_ = control.SetWriteDeadline(time.Time{})
	}
}

// Drain makes the gateway say that it is not ready for more requests. It serves them
// nevertheless, but each answer closes its connection, so that clients that keep theirs
// have gone to another replica before the listener is closed.
func (g *Gateway) Drain() { g.draining.Store(true) }

func (g *Gateway) serveReady(w http.ResponseWriter, _ *http.Request) {
	status := http.StatusOK
	if g.draining.Load() {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, fmt.Appendf(nil, `{"healthy":%t}`, status == http.StatusOK))
}

func (g *Gateway) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`{"healthy":true}`))
}

// logContext is the context of log lines: handlers of the log have no use for a
// request's.
var logContext = context.Background()
