package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// loopback reports whether only this machine reaches a listener at addr.
func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// onlyLocal keeps pages of the web from a gateway that trusts its machine: one on a loopback
// address that asks for no key. A page can have its own name lead to that address, so that
// the browser takes the gateway for the page's server. Requests then name the page's host.
func (g *Gateway) onlyLocal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := g.state.Load()
		// Where there is a certificate, the browser has compared the names.
		if !s.keys.Open() || r.TLS != nil || mayServe(r.Host, s.config.API.HTTP.CORSOrigins) {
			h.ServeHTTP(w, r)
			return
		}
		e := chat.Invalid("", "without keys, the gateway answers on a loopback address to local names alone, not to %q; use localhost, "+
			"add the origin that has this name to api.http.cors_origins, or give clients keys", clip(r.Host))
		e.Status, e.Code = http.StatusForbidden, "host_not_allowed"
		g.refuse(w, e)
	})
}

// mayServe reports whether a host, as a request names it, is local or that of an origin. Nobody
// can register a name that has no dot, as proxies call what is behind them, or one below
// localhost or internal, as host.docker.internal is.
func mayServe(host string, origins []string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost") || strings.HasSuffix(name, ".internal") {
		return true
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.ContainsFunc(origins, func(origin string) bool {
		u, err := url.Parse(origin)
		return origin == "*" || err == nil && strings.EqualFold(u.Hostname(), name)
	})
}
