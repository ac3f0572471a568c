package gateway

import (
	"net/http"
	"slices"

	"github.com/einstack/glide/internal/chat"
)

// foreign tells requests that a browser sends for a page of another origin.
var foreign http.CrossOriginProtection

// allowOrigins lets the pages of the configured origins call h from a browser, and answers
// the questions that browsers ask before. Browsers keep all others from reading an answer
// that does not allow it, but send requests that look like a form's all the same.
func (g *Gateway) allowOrigins(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			h.ServeHTTP(w, r)
			return
		}
		origins := g.state.Load().config.API.HTTP.CORSOrigins
		if len(origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		if !slices.Contains(origins, origin) && !slices.Contains(origins, "*") {
			if foreign.Check(r) == nil {
				h.ServeHTTP(w, r)
				return
			}
			e := chat.Invalid("", "pages of %q may not call the gateway; add the origin to api.http.cors_origins if they shall", clip(origin))
			e.Status, e.Code = http.StatusForbidden, "origin_not_allowed"
			g.refuse(w, e)
			return
		}
		out := w.Header()
		out.Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			out.Set("Access-Control-Allow-Methods", "GET, POST")
			// Keys are headers that a page must have; there are no cookies to abuse.
			if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
				out.Set("Access-Control-Allow-Headers", headers)
			}
			out.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		out.Set("Access-Control-Expose-Headers", "*")
		h.ServeHTTP(w, r)
	})
}
