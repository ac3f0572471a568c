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

// A routerList is the body of GET /v1/language.
type routerList struct {
	Routers []routerItem `json:"routers"`
}

type routerItem struct {
	ID       string          `json:"id"`
	Strategy config.Strategy `json:"strategy"`
	Models   []modelHealth   `json:"models"`
}

type modelHealth struct {
	ID         string  `json:"id"`
	Provider   string  `json:"provider_id"`
	State      string  `json:"state"`
	RetryAfter float64 `json:"retry_after,omitempty"` // seconds
	Config     any     `json:"config"`
}

func serveLanguage(w http.ResponseWriter, _ *http.Request, s *state, c *access.Client) {
	list := routerList{Routers: []routerItem{}}
	for _, r := range s.order {
		if !c.May(r.ID) {
			continue
		}
		item := routerItem{ID: r.ID, Strategy: r.Config.Strategy}
		for _, m := range r.Models {
			is := m.Condition()
			kind, _ := m.Config.Provider()
			item.Models = append(item.Models, modelHealth{m.Config.ID, kind, is.State, is.Rest.Seconds(), config.Public(m.Config)})
		}
		list.Routers = append(list.Routers, item)
	}
	writeJSON(w, http.StatusOK, mustEncode(list))
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
