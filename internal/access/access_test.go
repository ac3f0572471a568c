package access_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/config"
)

func key(id, secret string, requests, tokens int) config.ClientKey {
	return config.ClientKey{
		ID: id, Hash: config.HashKey(secret),
		Requests: config.Rate{N: requests, Per: time.Minute}, Tokens: config.Rate{N: tokens, Per: time.Minute},
	}
}

func TestNewKey(t *testing.T) {
	a, b := access.NewKey(), access.NewKey()
	if a == b || !strings.HasPrefix(a, "glide_") || len(a) != 32 {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestAdmit(t *testing.T) {
	k := access.NewKeyring([]config.ClientKey{key("a", "secret-a", 0, 0), key("b", "secret-b", 0, 0)}, nil)
	tests := []struct {
		name    string
		headers map[string]string
		client  string
		given   bool
		left    string // the headers that a provider may see
	}{
		{"bearer", map[string]string{"Authorization": "Bearer secret-a"}, "a", true, ""},
		{"bearer in small letters", map[string]string{"Authorization": "bearer  secret-b"}, "b", true, ""},
		{"x-api-key", map[string]string{"X-Api-Key": "secret-b"}, "b", true, ""},
		{"beside the provider's", map[string]string{"Authorization": "Bearer sk-provider", "X-Api-Key": "secret-b"}, "b", true, "Authorization"},
		{"both", map[string]string{"Authorization": "Bearer secret-a", "X-Api-Key": "secret-a"}, "a", true, ""},
		{"two", map[string]string{"Authorization": "Bearer secret-b", "X-Api-Key": "secret-a"}, "b", true, ""},
		{"none", nil, "", false, ""},
		{"basic", map[string]string{"Authorization": "Basic secret-a"}, "", false, "Authorization"},
		{"empty", map[string]string{"Authorization": "Bearer "}, "", false, "Authorization"},
		{"unknown", map[string]string{"Authorization": "Bearer secret-c"}, "", true, "Authorization"},
		{"the hash itself", map[string]string{"X-Api-Key": config.HashKey("secret-a").String()}, "", true, "X-Api-Key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for name, value := range tt.headers {
				h.Set(name, value)
			}
			c, given := k.Admit(h)
			id, left := "", ""
			if c != nil {
				id = c.ID
			}
			for name := range h {
				left += name
			}
			if id != tt.client || given != tt.given || left != tt.left {
				t.Errorf("got %q, %t, and the headers %q", id, given, left)
			}
		})
	}
}

func TestRouters(t *testing.T) {
	some := key("some", "s", 0, 0)
	some.Routers = []string{"x"}
	k := access.NewKeyring([]config.ClientKey{some, key("all", "a", 0, 0)}, nil)
	if c := client(k, "s"); !c.May("x") || c.May("y") {
		t.Error("a client may use other routers than those given")
	}
	if c := client(k, "a"); !c.May("x") || !c.May("y") {
		t.Error("a client without routers may not use all")
	}
	if open := access.NewKeyring(nil, k); !open.Open() || !(*access.Client)(nil).May("x") {
		t.Error("without keys, not everyone may ask")
	}
}

func client(k *access.Keyring, secret string) *access.Client {
	c, _ := k.Admit(http.Header{"X-Api-Key": {secret}})
	return c
}

func told(c *access.Client, name string) string {
	h := http.Header{}
	c.Tell(h)
	return h.Get("X-Ratelimit-" + name)
}

// TestRequests spends a limit of requests, which comes back evenly in time.
func TestRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := access.NewKeyring([]config.ClientKey{key("a", "a", 6, 0)}, nil)
		c := client(k, "a")
		for n := range 6 {
			if got, want := told(c, "Remaining-Requests"), string(rune('6'-n)); got != want {
				t.Errorf("%s are left, want %s", got, want)
			}
			if e := c.Take(); e != nil {
				t.Fatalf("request %d: %+v", n, e)
			}
		}
		e := c.Take()
		if e == nil || e.Of != "requests" || e.Wait != 10*time.Second || told(c, "Limit-Requests") != "6" || told(c, "Reset-Requests") != "1m0s" {
			t.Fatalf("got %+v", e)
		}
		time.Sleep(e.Wait - time.Millisecond)
		if c.Take() == nil {
			t.Error("a request came through before its time")
		}
		time.Sleep(time.Millisecond)
		if e := c.Take(); e != nil {
			t.Errorf("got %+v after the wait", e)
		}
		if got := told(c, "Limit-Tokens"); got != "" {
			t.Errorf("a limit of tokens of %s that there is not", got)
		}
	})
}

// TestTokens lets an answer cost more than is left: it is paid back before the next.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(access.NewKeyring([]config.ClientKey{key("a", "a", 0, 60)}, nil), "a")
		if e := c.Take(); e != nil {
			t.Fatal(e)
		}
		c.Spend(90)
		e := c.Take()
		if e == nil || e.Of != "tokens" || e.Wait != 31*time.Second || told(c, "Remaining-Tokens") != "0" || told(c, "Reset-Tokens") != "1m30s" {
			t.Fatalf("got %+v, %s", e, told(c, "Reset-Tokens"))
		}
		time.Sleep(e.Wait)
		if e := c.Take(); e != nil || told(c, "Remaining-Tokens") != "1" {
			t.Errorf("got %+v", e)
		}
	})
}

// TestReload keeps what was spent when limits and keys change.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := access.NewKeyring([]config.ClientKey{key("a", "old", 2, 0)}, nil)
		old := client(k, "old")
		if old.Take() != nil || old.Take() != nil || old.Take() == nil {
			t.Fatal("the limit is not 2")
		}
		k = access.NewKeyring([]config.ClientKey{key("a", "new", 3, 0), key("b", "b", 1, 0)}, k)
		if client(k, "old") != nil {
			t.Error("the old key still counts")
		}
		c := client(k, "new")
		if c.Take() != nil || c.Take() == nil || old.Take() == nil {
			t.Error("the requests before do not count")
		}
	})
}
