package config

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A KeyHash is the SHA-256 of a client's key, such as "sha256:9f86d0…". It is written in
// full, but is no secret: keys are too long to be guessed.
type KeyHash [sha256.Size]byte

const hashPrefix = "sha256:"

// HashKey returns the hash of a key.
func HashKey(key string) KeyHash { return sha256.Sum256([]byte(key)) }

func (h KeyHash) String() string { return hashPrefix + hex.EncodeToString(h[:]) }

// MarshalText returns the hash as one would write it.
func (h KeyHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText parses a hash. Whatever else it is may be the key itself, so that an
// error does not tell it.
func (h *KeyHash) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), hashPrefix)
	data, err := hex.DecodeString(digits)
	if !ok || err != nil || len(data) != len(h) {
		return errors.New("is not the hash of a key; write sha256: and 64 digits, as glide key new prints them")
	}
	copy(h[:], data)
	return nil
}

// PEM is text with certificates or keys. It hides itself, as it may hold a private key.
type PEM struct{ Secret }

// UnmarshalText takes text in which there is a PEM block.
func (p *PEM) UnmarshalText(text []byte) error {
	if !strings.Contains(string(text), "-----BEGIN ") {
		return errors.New("is not PEM; name a file as ${file:tls.crt}, or write the block itself")
	}
	p.Secret = NewSecret(string(text))
	return nil
}

// Certificate returns the certificate with its key.
func (t *TLS) Certificate() (tls.Certificate, error) {
	return tls.X509KeyPair([]byte(t.Cert.Reveal()), []byte(t.Key.Reveal()))
}

// ClientCAs returns the authorities for clients, or nil if clients need no certificate.
func (t *TLS) ClientCAs() (*x509.CertPool, error) {
	if t.ClientCA.Empty() {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(t.ClientCA.Reveal())) {
		return nil, errors.New("holds no certificate")
	}
	return pool, nil
}

func (d *decoder) checkAPI(api *API) {
	const path = "api.http"
	if t := api.HTTP.TLS; t != nil && !t.Cert.Empty() && !t.Key.Empty() {
		if _, err := t.Certificate(); err != nil {
			d.problem(path+".tls", "has a certificate and a key that cannot be used: "+oneLine(err), "give the key of the certificate, both in PEM")
		}
		if _, err := t.ClientCAs(); err != nil {
			d.problem(path+".tls.client_ca", err.Error(), "give certificates in PEM")
		}
	}
	for i, origin := range api.HTTP.CORSOrigins {
		if !isOrigin(origin) {
			d.problem(fmt.Sprintf("%s.cors_origins[%d]", path, i), fmt.Sprintf("%q is not an origin", origin), "write scheme and host alone, such as https://app.example.com, or * for all")
		}
	}
	d.within("api.websocket.max_connections", float64(api.WebSocket.MaxConnections), 1, 1e6)
	d.within("api.websocket.max_chats", float64(api.WebSocket.MaxChats), 1, 1e4)
	if api.WebSocket.PingInterval == 0 {
		d.problem("api.websocket.ping_interval", "is 0", "use a time span such as 30s")
	}
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return s == "*" || err == nil && u.Scheme != "" && u.Host != "" && s == u.Scheme+"://"+u.Host && !strings.ContainsAny(u.Host, `*?[\`)
}

func (d *decoder) checkKeys(keys []ClientKey, routers []Router) {
	ids, hashes := map[string]int{}, map[KeyHash]int{}
	for i := range keys {
		key, at := &keys[i], fmt.Sprintf("api.keys[%d]", i)
		d.checkID(at+".id", key.ID, ids)
		if first, twice := hashes[key.Hash]; twice && key.Hash != (KeyHash{}) {
			d.problem(at+".hash", fmt.Sprintf("is that of line %d", first), "give each client its own key")
		}
		hashes[key.Hash] = d.lines[at+".hash"]
		for j, id := range key.Routers {
			if !slices.ContainsFunc(routers, func(r Router) bool { return r.ID == id }) {
				d.problem(fmt.Sprintf("%s.routers[%d]", at, j), fmt.Sprintf("there is no router %q", id), "name one of routers.language")
			}
		}
	}
}
