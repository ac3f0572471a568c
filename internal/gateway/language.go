package gateway

import (
	"net/http"
	"strconv"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/route"
	"github.com/einstack/glide/internal/scan"
)

// A RouterList is the body of GET /v1/language.
type RouterList struct {
	Routers []RouterStatus `json:"routers"`
}

// A RouterStatus is a router that the client may use.
type RouterStatus struct {
	ID       string          `json:"id"`
	Strategy config.Strategy `json:"strategy"`
	Models   []ModelStatus   `json:"models"`
}

// A ModelStatus says how a model of a router is.
type ModelStatus struct {
	ID         string  `json:"id"`
	Provider   string  `json:"provider_id"`
	State      string  `json:"state"`
	RetryAfter float64 `json:"retry_after,omitempty"` // seconds
	Latency    Latency `json:"latency"`
	Traffic    Traffic `json:"traffic"`
	Config     any     `json:"config"`
}

// A Latency is what a model takes of late, in seconds: the averages that least_latency goes
// by. What is not known is 0.
type Latency struct {
	FirstToken float64 `json:"first_token,omitempty"` // of streams
	Answer     float64 `json:"answer,omitempty"`      // of plain answers, in whole
}

// A Traffic is what a model was sent since the gateway's start, as the metrics count it.
type Traffic struct {
	Requests   uint64  `json:"requests"`
	Share      float64 `json:"share"`       // of the router's requests
	Errors     uint64  `json:"errors"`      // the requests that failed through the model
	ErrorShare float64 `json:"error_share"` // of the model's requests
}

func (g *Gateway) serveLanguage(w http.ResponseWriter, _ *http.Request, s *state, c *access.Client) {
	list := RouterList{Routers: []RouterStatus{}}
	sent := g.metrics.traffic()
	for _, r := range s.order {
		if c.May(r.ID) {
			list.Routers = append(list.Routers, routerStatus(r, sent))
		}
	}
	writeJSON(w, http.StatusOK, mustEncode(list))
}

// routerStatus says how a router is, given what models were sent.
func routerStatus(r *route.Router, sent map[string]Traffic) RouterStatus {
	status := RouterStatus{ID: r.ID, Strategy: r.Config.Strategy, Models: make([]ModelStatus, 0, len(r.Models))}
	total := uint64(0)
	for _, m := range r.Models {
		total += sent[m.ID].Requests
	}
	for _, m := range r.Models {
		is, traffic := m.Condition(), sent[m.ID]
		traffic.Share = share(traffic.Requests, total)
		traffic.ErrorShare = share(traffic.Errors, traffic.Requests)
		kind, _ := m.Config.Provider()
		status.Models = append(status.Models, ModelStatus{
			ID: m.Config.ID, Provider: kind, State: is.State, RetryAfter: is.Rest.Seconds(),
			Latency: Latency{FirstToken: m.Latency(true).Seconds(), Answer: m.Latency(false).Seconds()},
			Traffic: traffic,
			Config:  config.Public(m.Config),
		})
	}
	return status
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// serveLanguageChat is POST /v1/language/{router}/chat.
func (g *Gateway) serveLanguageChat(w http.ResponseWriter, r *http.Request) {
	g.begin(w, r, dialect.Glide{Origin: new(dialect.Origin)}).serve((*exchange).takeRouted)
}

// takeRouted takes in a request whose path names the router.
func (x *exchange) takeRouted() *chat.Error {
	if e := x.read(); e != nil {
		return e
	}
	if err := scan.Object(x.call.Body.Bytes, func([]byte, scan.Range) error { return nil }); err != nil {
		return notObject(err)
	}
	return x.findRouter()
}

// introduce says who is about to answer, for the dialect that tells so.
func (x *exchange) introduce(m *route.Model) {
	if d, ok := x.call.Dialect.(dialect.Glide); ok {
		kind, _ := m.Config.Provider()
		*d.Origin = dialect.Origin{Router: x.router.ID, Model: m.Config.ID, Provider: kind}
	}
}

// findRouter finds the router that the path names.
func (x *exchange) findRouter() *chat.Error {
	id := x.r.PathValue("router")
	if x.router = x.state.targets[id]; x.router != nil {
		return nil
	}
	e := chat.Invalid("router", "the router %s does not exist; GET /v1/language lists those that do", strconv.Quote(clip(id)))
	e.Status, e.Code = http.StatusNotFound, "router_not_found"
	return e
}
