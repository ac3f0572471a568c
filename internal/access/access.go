// Package access decides who may ask what, and how much of it.
//
// A client is known by its key, of which the configuration has the hash alone. What a
// client has spent of its limits outlasts a reload of the configuration.
package access

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/einstack/glide/internal/config"
)

// NewKey returns a key with 130 bits of chance, so that a plain hash keeps it secret.
func NewKey() string { return "glide_" + rand.Text() }

// A Keyring knows clients by their keys. Without any, it lets everyone in.
type Keyring struct {
	clients map[uint64]*Client // by the beginning of the hash
}

// NewKeyring returns a keyring of the clients that are configured. One that old, which
// may be nil, knows by the same id goes on with what it has spent.
func NewKeyring(keys []config.ClientKey, old *Keyring) *Keyring {
	before := map[string]*Client{}
	if old != nil {
		for _, c := range old.clients {
			before[c.ID] = c
		}
	}
	k := &Keyring{clients: make(map[uint64]*Client, len(keys))}
	for i := range keys {
		c := &Client{ID: keys[i].ID, config: &keys[i], requests: new(meter), tokens: new(meter)}
		if b := before[c.ID]; b != nil {
			c.requests, c.tokens = b.requests, b.tokens
		}
		k.clients[index(c.config.Hash)] = c
	}
	return k
}

// index finds a client without telling by its time how much of a hash is right: who
// tries keys cannot choose their hashes.
func index(h config.KeyHash) uint64 { return binary.BigEndian.Uint64(h[:]) }

// Open reports whether no key is needed.
func (k *Keyring) Open() bool { return len(k.clients) == 0 }

// Admit returns the client whose key a request has, and takes the key out of its headers,
// so that no provider ever sees it. The client is nil if there is none; given says whether
// there was a key at all. A key is a bearer token, or the header X-Api-Key; the other one
// of the two may be meant for the provider, unless it has a key of Glide too.
func (k *Keyring) Admit(h http.Header) (c *Client, given bool) {
	for _, name := range [...]string{"Authorization", "X-Api-Key"} {
		for _, key := range h[name] {
			if name == "Authorization" {
				scheme, token, _ := strings.Cut(key, " ")
				if key = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") {
					continue
				}
			}
			if key == "" {
				continue
			}
			given = true
			if known := k.find(key); known != nil {
				delete(h, name)
				c = cmp.Or(c, known)
			}
		}
	}
	return c, given
}

func (k *Keyring) find(key string) *Client {
	hash := config.HashKey(key)
	c := k.clients[index(hash)]
	if c == nil || subtle.ConstantTimeCompare(hash[:], c.config.Hash[:]) != 1 {
		return nil
	}
	return c
}

// A Client is the holder of a key. A nil one may do anything.
type Client struct {
	ID       string
	config   *config.ClientKey
	requests *meter
	tokens   *meter
}

// May reports whether the client may use the router.
func (c *Client) May(router string) bool {
	return c == nil || len(c.config.Routers) == 0 || slices.Contains(c.config.Routers, router)
}

// An Excess is a limit that a client has reached.
type Excess struct {
	Of    string // requests or tokens
	Limit config.Rate
	Wait  time.Duration // until the next request may be made
}

// Take counts a request. It returns the limit that forbids it, or nil.
func (c *Client) Take() *Excess {
	if c == nil {
		return nil
	}
	now := time.Now()
	if limit := c.config.Tokens; limit.N > 0 {
		// What an answer costs is known when it is there, so that one may go below 0.
		if wait := c.tokens.take(now, limit, 0); wait > 0 {
			return &Excess{"tokens", limit, wait}
		}
	}
	if limit := c.config.Requests; limit.N > 0 {
		if wait := c.requests.take(now, limit, 1); wait > 0 {
			return &Excess{"requests", limit, wait}
		}
	}
	return nil
}

// Spend counts the tokens of an answer, in both directions.
func (c *Client) Spend(tokens int) {
	if c != nil && c.config.Tokens.N > 0 {
		c.tokens.spend(time.Now(), c.config.Tokens, tokens)
	}
}

// Limited reports whether the tokens of the client are counted.
func (c *Client) Limited() bool { return c != nil && c.config.Tokens.N > 0 }

// Tell writes what is left of the client's limits, in the way of OpenAI.
func (c *Client) Tell(h http.Header) {
	if c == nil {
		return
	}
	now := time.Now()
	c.requests.tell(h, requestNames, now, c.config.Requests)
	c.tokens.tell(h, tokenNames, now, c.config.Tokens)
}
