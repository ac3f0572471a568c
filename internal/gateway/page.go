package gateway

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/dialect"
)

// pageHTML is the status page, whole. It knows nothing by itself: it asks GET /v1/language,
// with the key that it asks people for where one is needed.
//
//go:embed page.html
var pageHTML []byte

// A page is an answer to a browser.
type page struct {
	body   []byte
	policy string // of what the browser may load and run
}

// statusPage returns the status page. It is made when first asked for, so that a start is
// not the slower for it.
var statusPage = sync.OnceValue(func() page {
	return page{
		body: bytes.Replace(pageHTML, []byte("{{version}}"), []byte(glide.Version()), 1),
		policy: fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			source("script"), source("style")),
	}
})

// source names, for a browser's policy, what the page's one element with the tag holds.
func source(tag string) string {
	_, rest, _ := bytes.Cut(pageHTML, []byte("<"+tag+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+tag+">"))
	hash := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// servePage is GET /, if the configuration wants the page.
func (g *Gateway) servePage(w http.ResponseWriter, r *http.Request) {
	if !g.state.Load().config.API.HTTP.UI {
		g.briefly(g.serveNothing)(w, r)
		return
	}
	g.only(http.MethodGet, dialect.OpenAIChat, g.briefly(servePage))(w, r)
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	p := statusPage()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(p.body)))
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache") // another version may be next
	// A client that went away is noticed by the server itself.
	_, _ = w.Write(p.body)
}
