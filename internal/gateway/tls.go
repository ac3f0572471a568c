package gateway

import (
	"crypto/tls"
	"fmt"

	"github.com/einstack/glide/internal/config"
)

// newTLS returns how connections are encrypted, or nil if they are not.
func newTLS(cfg *config.TLS) (*tls.Config, error) {
	if cfg == nil {
		return nil, nil
	}
	cert, err := cfg.Certificate()
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	clients, err := cfg.ClientCAs()
	if err != nil {
		return nil, fmt.Errorf("read the authorities of clients: %w", err)
	}
	out := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if clients != nil {
		out.ClientCAs, out.ClientAuth = clients, tls.RequireAndVerifyClientCert
	}
	return out, nil
}

// serverTLS returns what a listener needs to encrypt, or nil. A handshake is made by the
// configuration of its time.
func (g *Gateway) serverTLS() *tls.Config {
	if g.state.Load().tls == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return g.state.Load().tls, nil },
	}
}
