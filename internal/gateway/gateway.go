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
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/route"
)

// A Gateway serves clients. What it serves is replaced as a whole by [Gateway.Apply];
// requests keep the configuration that they began with.
type Gateway struct {
	log      *slog.Logger
	via      string // names this process in the header Via
	state    atomic.Pointer[state]
	metrics  *telemetry
	draining atomic.Bool
}

// state is what one configuration amounts to. It never changes.
type state struct {
	config  *config.Config
	routers map[string]*route.Router
	targets map[string]*route.Router // what clients name: router, and router/model
	models  []byte                   // the answer to GET /v1/models
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

// Apply makes the gateway serve cfg from the next request on. On an error it goes on
// with what it had.
func (g *Gateway) Apply(cfg *config.Config) error {
	old := g.state.Load()
	s := &state{config: cfg, routers: map[string]*route.Router{}, targets: map[string]*route.Router{}}
	var list modelList
	for i := range cfg.Routers.Language {
		rc := &cfg.Routers.Language[i]
		if !rc.Enabled {
			continue
		}
		var before *route.Router
		if old != nil {
			before = old.routers[rc.ID]
		}
		r, err := route.NewRouter(rc, before)
		if err != nil {
			return fmt.Errorf("apply the configuration: %w", err)
		}
		s.routers[r.ID], s.targets[r.ID] = r, r
		list.add(r.ID)
		for _, m := range r.Models {
			s.targets[m.ID] = r.Only(m.Config.ID)
			list.add(m.ID)
		}
	}
	s.models = list.encode()
	g.state.Store(s)
	return nil
}

// Handler returns the handler of all requests.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	post := func(path string, d dialect.Dialect) { mux.HandleFunc(path, only(http.MethodPost, d, g.serve(d))) }
	get := func(path string, h http.HandlerFunc) {
		mux.HandleFunc(path, only(http.MethodGet, dialect.OpenAIChat, h))
	}
	post("/v1/chat/completions", dialect.OpenAIChat)
	post("/v1/embeddings", dialect.OpenAIEmbeddings)
	post("/v1/responses", dialect.OpenAIResponses)
	post("/v1/messages", dialect.AnthropicMessages)
	post("/v1/messages/count_tokens", dialect.AnthropicTokens)
	get("/v1/models", g.serveModels)
	get("/v1/models/{model...}", g.serveModel)
	get("/metrics", g.metrics.serve)
	get("/v1/health", g.serveReady)
	get("/v1/health/ready", g.serveReady)
	get("/v1/health/live", g.serveLive)
	mux.HandleFunc("/", g.serveNothing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
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

// A modelList is the body of GET /v1/models.
type modelList struct {
	Object string      `json:"object"`
	Data   []modelItem `json:"data"`
}

type modelItem struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func newModelItem(id string) modelItem {
	return modelItem{ID: id, Object: "model", Created: started.Unix(), OwnedBy: "glide"}
}

var started = time.Now()

func (l *modelList) add(id string) { l.Data = append(l.Data, newModelItem(id)) }

func (l *modelList) encode() []byte {
	l.Object = "list"
	return mustEncode(l)
}

func mustEncode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain structs are encoded
	}
	return data
}

func (g *Gateway) serveModels(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, g.state.Load().models)
}

func (g *Gateway) serveModel(w http.ResponseWriter, r *http.Request) {
	s, id := g.state.Load(), r.PathValue("model")
	if _, ok := s.targets[id]; !ok {
		writeError(w, dialect.OpenAIChat, s.unknownModel(id))
		return
	}
	writeJSON(w, http.StatusOK, mustEncode(newModelItem(id)))
}

// logContext is the context of log lines: handlers of the log have no use for a
// request's.
var logContext = context.Background()
