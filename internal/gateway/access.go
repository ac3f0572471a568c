package gateway

import (
	"fmt"
	"net/http"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// admit learns who the client is and counts its request.
func (x *exchange) admit() *chat.Error {
	var e *chat.Error
	if x.client, e = x.state.admit(x.r.Header); e != nil {
		return e
	}
	excess := x.client.Take()
	if excess == nil {
		return nil
	}
	return &chat.Error{
		Status: http.StatusTooManyRequests, Type: excess.Of, Code: "rate_limit_exceeded", RetryAfter: excess.Wait,
		Message: fmt.Sprintf("the key %s has reached its limit of %s %s; try again in %s", x.client.ID, rate(excess), excess.Of, excess.Wait),
	}
}

func rate(e *access.Excess) string {
	text, err := e.Limit.MarshalText()
	if err != nil {
		panic(err) // limits are parsed from such text
	}
	return string(text)
}

// admit returns the client that a request with the headers h is from. It is nil if no key
// is needed.
func (s *state) admit(h http.Header) (*access.Client, *chat.Error) {
	if s.keys.Open() {
		return nil, nil
	}
	c, given := s.keys.Admit(h)
	if c != nil {
		return c, nil
	}
	e := chat.Invalid("", "a key is missing; send one as Authorization: Bearer or X-Api-Key")
	if given {
		e.Message = "the key is not known here; ask who runs this gateway for another one"
	}
	e.Status, e.Code = http.StatusUnauthorized, "invalid_api_key"
	return nil, e
}

// permit refuses a router that is not the client's.
func (x *exchange) permit() *chat.Error {
	if x.client.May(x.router.ID) {
		return nil
	}
	e := chat.Invalid("model", "the key %s may not use the router %s; GET /v1/models lists what it may", x.client.ID, x.router.ID)
	e.Status, e.Code = http.StatusForbidden, "router_not_allowed"
	return e
}

// charge counts the tokens of the exchange. Where the provider does not say how many there
// were, as in streams that break off, 4 bytes of the request are taken for one and so is
// each event of the answer.
func (x *exchange) charge() {
	if x.model == nil || !x.client.Limited() || x.call.Dialect == dialect.AnthropicTokens {
		return // to count tokens takes none
	}
	tokens := x.usage.Total()
	if tokens == 0 && x.status/100 == 2 {
		tokens = x.size/4 + x.events
	}
	x.client.Spend(tokens)
}

// known passes on requests of clients that are known, in the state that is served.
func (g *Gateway) known(d dialect.Dialect, h func(http.ResponseWriter, *http.Request, *state, *access.Client)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := g.state.Load()
		c, e := s.admit(r.Header)
		if e != nil {
			writeError(w, d, e)
			return
		}
		h(w, r, s, c)
	}
}
