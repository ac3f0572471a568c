// Package route decides which model of a pool gets a request.
//
// A [Router] orders its models by a strategy and leaves out those that are not well. A
// [Model] learns from the outcome of each attempt: failures spend its error budget, and
// when that is gone the model is not asked at all until a part of it has come back and
// one probe has succeeded.
package route

import (
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/provider"
)

// A Model is one model of a router, with its health and its latency.
type Model struct {
	ID       string // router/model
	Target   config.Target
	Provider provider.Provider
	Config   *config.Model

	health  health
	latency [2]latency // of plain answers and of streams
}

// NewModel returns the model that cfg configures in the router named.
func NewModel(router string, cfg *config.Model) (*Model, error) {
	p, err := provider.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("router %s: %w", router, err)
	}
	return &Model{
		ID: router + "/" + cfg.ID, Target: cfg.Target(), Provider: p, Config: cfg,
		health:  newHealth(cfg.ErrorBudget),
		latency: [2]latency{newLatency(&cfg.Latency), newLatency(&cfg.Latency)},
	}, nil
}

// Ready reports whether the model may be asked now.
func (m *Model) Ready() bool { return m.health.ready(time.Now()) }

// Condition returns how the model is.
func (m *Model) Condition() Condition { return m.health.condition(time.Now()) }

// Latency returns the moving average of the time to the first content of streams, or else of
// that to the whole of plain answers. It is 0 as long as there was none.
func (m *Model) Latency(stream bool) time.Duration {
	return time.Duration(m.latency[index(stream)].average() * float64(time.Second))
}

// An Attempt is a request that a model was chosen for. One of its methods is to be called
// when the outcome is known; Fail may come again after Succeed, when a stream breaks.
type Attempt struct {
	Model  *Model
	stream bool
}

// Succeed records that the model answered, and after which time: that to the first
// content for a stream, else that to the whole answer.
func (a Attempt) Succeed(after time.Duration) {
	a.Model.health.succeed()
	a.Model.latency[index(a.stream)].add(after)
}

// Fail records that the model failed to answer.
func (a Attempt) Fail() { a.Model.health.fail(time.Now()) }

// Limit records that the provider limits the rate, and wants no more requests for a time.
func (a Attempt) Limit(rest time.Duration) { a.Model.health.pause(time.Now(), rest, true) }

// Rest records that the model cannot answer for a time.
func (a Attempt) Rest(rest time.Duration) { a.Model.health.pause(time.Now(), rest, false) }

// Reject records that the provider does not accept Glide's credentials. The model is out
// until the configuration is read again.
func (a Attempt) Reject() { a.Model.health.reject() }

// Abandon records that the attempt says nothing about the model.
func (a Attempt) Abandon() { a.Model.health.abandon() }

func index(stream bool) int {
	if stream {
		return 1
	}
	return 0
}

// A Router is a pool of models.
type Router struct {
	ID     string
	Config *config.Router
	Models []*Model

	mu       sync.Mutex
	strategy strategy
	pick     pick // of the latest request; here for its memory
}

// NewRouter returns the router that cfg configures. Models are taken from old if their
// configuration is the same, with what is known of their health. Only a rejected one may try
// again, as what was wrong may have been mended at the provider.
func NewRouter(cfg *config.Router, old *Router) (*Router, error) {
	r := &Router{ID: cfg.ID, Config: cfg}
	for i := range cfg.Models {
		if !cfg.Models[i].Enabled {
			continue
		}
		m := old.model(&cfg.Models[i])
		if m == nil {
			var err error
			if m, err = NewModel(cfg.ID, &cfg.Models[i]); err != nil {
				return nil, err
			}
		}
		m.health.readmit()
		r.Models = append(r.Models, m)
	}
	r.strategy = newStrategy(cfg.Strategy, len(r.Models))
	return r, nil
}

// Only returns a router of the one model with the given id, or nil.
func (r *Router) Only(id string) *Router {
	for _, m := range r.Models {
		if m.Config.ID == id {
			return &Router{ID: r.ID, Config: r.Config, Models: []*Model{m}, strategy: newStrategy(config.Priority, 1)}
		}
	}
	return nil
}

// Tried is the set of models that were tried for a request, by their index.
type Tried uint64

// Next chooses a model that was not tried yet and adds it to tried. It reports false if
// no model is left that is well.
func (r *Router) Next(tried *Tried, stream bool) (Attempt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	candidates := r.pick.candidates[:0]
	for i, m := range r.Models {
		if *tried&(1<<i) == 0 && m.health.ready(now) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return Attempt{}, false
	}
	r.pick = pick{models: r.Models, candidates: candidates, first: *tried == 0, stream: stream, now: now}
	i := r.strategy.pick(&r.pick)
	*tried |= 1 << i
	r.Models[i].health.begin()
	return Attempt{Model: r.Models[i], stream: stream}, true
}

// Rest returns the time until the first of the models that were not tried is well again, and
// whether it is only limits of rate that keep all of these from answering. Models that are out
// for good do not count; the time is 0 if there are no others.
func (r *Router) Rest(tried Tried) (until time.Duration, limited bool) {
	now := time.Now()
	limited = true
	for i, m := range r.Models {
		if tried&(1<<i) != 0 {
			continue
		}
		d, byLimit, ok := m.health.rest(now)
		if !ok {
			limited = false
			continue
		}
		limited = limited && byLimit
		if until == 0 || d < until {
			until = d
		}
	}
	return until, limited
}

// model returns the model of r that is configured by cfg, or nil.
func (r *Router) model(cfg *config.Model) *Model {
	if r == nil {
		return nil
	}
	for _, m := range r.Models {
		if reflect.DeepEqual(m.Config, cfg) {
			return m
		}
	}
	return nil
}
