package provider

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/config"
)

// forwarded lists the headers of clients that providers see. It is a list of what may
// pass, since what may not has no end: cookies, the tokens of every authenticating
// proxy, internal addresses.
var forwarded = []string{
	"Accept", "User-Agent", "Idempotency-Key", "X-Client-Request-Id", "Openai-Beta",
	"Anthropic-Beta", "Anthropic-Version", "Traceparent", "Tracestate",
}

// credentials lists the headers by which providers know who asks.
var credentials = []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"}

// A header makes the headers of requests to one provider.
type header struct {
	forward    []string // in canonical form
	fixed      http.Header
	unlessSaid http.Header // for a client that says nothing
}

func newHeader(c *config.Client, more map[string]config.Secret) header {
	h := header{
		forward: forwarded, fixed: http.Header{"Content-Type": {"application/json"}},
		unlessSaid: http.Header{"User-Agent": {""}}, // or the transport would name itself
	}
	for _, name := range c.ForwardHeaders {
		h.forward = append(h.forward[:len(h.forward):len(h.forward)], textproto.CanonicalMIMEHeaderKey(name))
	}
	for name, value := range more {
		h.fixed.Set(name, value.Reveal())
	}
	return h
}

// of returns the headers of a request for the client's request with the headers in. The
// values are shared, and not to be changed.
func (h header) of(in http.Header) http.Header {
	out := make(http.Header, len(h.fixed)+4)
	for _, name := range h.forward {
		if v, ok := in[name]; ok {
			out[name] = v
		}
	}
	for name, v := range h.fixed {
		out[name] = v
	}
	for name, v := range h.unlessSaid {
		if _, ok := out[name]; !ok {
			out[name] = v
		}
	}
	return out
}

// asClient reports whether clients show their own credential: one is forwarded, and none is
// fixed.
func (h header) asClient() bool {
	forwarded := false
	for _, name := range credentials {
		if h.fixed[name] != nil {
			return false
		}
		forwarded = forwarded || slices.Contains(h.forward, name)
	}
	return forwarded
}

// Forwardable reports whether a header of a provider's answer may reach the client. What
// is about the connection or the provider's site, such as cookies, may not.
func Forwardable(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade", "Content-Length", "Date", "Server", "Set-Cookie", "Alt-Svc",
		"Strict-Transport-Security", "Report-To", "Nel", "Vary", "Via":
		return false
	}
	return !strings.HasPrefix(name, "Access-Control-") && !strings.HasPrefix(name, "X-Glide-")
}
