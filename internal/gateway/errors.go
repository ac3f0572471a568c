package gateway

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
)

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	// A client that went away is noticed by the server itself.
	_, _ = w.Write(body)
}

func writeError(w http.ResponseWriter, d dialect.Dialect, e *chat.Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if seconds := e.RetrySeconds(); seconds != "" {
		w.Header().Set("Retry-After", seconds)
	}
	writeJSON(w, e.Status, d.EncodeError(e))
}

// refuse answers a request before it is known which dialect it is in.
func (g *Gateway) refuse(w http.ResponseWriter, e *chat.Error) {
	g.briefly(func(w http.ResponseWriter, _ *http.Request) { writeError(w, dialect.OpenAIChat, e) })(w, nil)
}

// only passes on requests of one method, and refuses others in the dialect d.
func (g *Gateway) only(method string, d dialect.Dialect, h http.HandlerFunc) http.HandlerFunc {
	refuse := g.briefly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		e := chat.Invalid("", "%s does not take %s; use %s", r.URL.Path, r.Method, method)
		e.Status, e.Code = http.StatusMethodNotAllowed, "method_not_allowed"
		writeError(w, d, e)
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method || method == http.MethodGet && r.Method == http.MethodHead {
			h(w, r)
			return
		}
		refuse(w, r)
	}
}

func (g *Gateway) serveNothing(w http.ResponseWriter, r *http.Request) {
	e := chat.Invalid("", "%s is not a path of this API; GET /openapi.json describes it", clip(r.URL.Path))
	e.Status, e.Code = http.StatusNotFound, "route_not_found"
	writeError(w, dialect.OpenAIChat, e)
}

// unknownModel returns the refusal of a model's name, which tells the client what else
// there is for it.
func (s *state) unknownModel(name string, c *access.Client) *chat.Error {
	const most = 10
	ids := slices.Sorted(maps.Keys(s.routers))
	ids = slices.DeleteFunc(ids, func(id string) bool { return !c.May(id) })
	more := ""
	if len(ids) > most {
		ids, more = ids[:most], ", …"
	}
	e := chat.Invalid("model", "the model %s does not exist; use a router (%s%s) or router/model, as GET /v1/models lists them",
		strconv.Quote(clip(name)), strings.Join(ids, ", "), more)
	e.Status, e.Code = http.StatusNotFound, "model_not_found"
	return e
}

// clip shortens what a client sent, for use in a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

func tooLarge(limit config.Size) *chat.Error {
	e := chat.Invalid("", "the body is larger than %s; send less, or raise api.http.max_body_size", limit)
	e.Status, e.Code = http.StatusRequestEntityTooLarge, "body_too_large"
	return e
}
