package provider

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/einstack/glide/internal/config"
)

// transports holds one transport for each pair of settings that need their own, for the
// life of the process: connections outlast a reload of the configuration.
var transports struct {
	sync.Mutex
	of map[transportKey]*plainTransport
}

type transportKey struct {
	connect time.Duration
	idle    int
}

// maxHead is the largest head of an answer, in bytes.
const maxHead = 64 << 10

func transport(c *config.Client) *plainTransport {
	key := transportKey{c.ConnectTimeout.Std(), c.MaxIdleConns}
	transports.Lock()
	defer transports.Unlock()
	if t, ok := transports.of[key]; ok {
		return t
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	t := &plainTransport{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: key.connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: key.connect,
		// The default of 2 idle connections per host would close most connections
		// right after use.
		MaxIdleConnsPerHost: key.idle,
		IdleConnTimeout:     90 * time.Second,
		// Events are passed on as they come; a compressed stream would hold them back.
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHead,
		// Each open stream has both buffers. Bodies of requests are written past theirs, and
		// large answers are read so; more than heads and small bodies they need not hold.
		ReadBufferSize:  1 << 10,
		WriteBufferSize: 2 << 10,
		Protocols:       protocols,
		// A dead connection of HTTP/2 is found although streams are quiet.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}}
	if transports.of == nil {
		transports.of = map[transportKey]*plainTransport{}
	}
	transports.of[key] = t
	return t
}

// CloseIdle closes the connections to providers that no request uses.
func CloseIdle() {
	transports.Lock()
	defer transports.Unlock()
	for _, t := range transports.of {
		t.CloseIdleConnections()
	}
}
