package provider

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newPlain(idle time.Duration) *plainTransport {
	return &plainTransport{Transport: &http.Transport{
		DialContext: new(net.Dialer).DialContext, Proxy: http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: idle, ReadBufferSize: 1 << 10,
	}}
}

// post sends a body and returns the answer's.
func post(t *testing.T, rt http.RoundTripper, url, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return string(got), err
}

// TestPlainReuses sends requests over one connection, until the server has closed it.
func TestPlainReuses(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/chunks":
			_ = http.NewResponseController(w).Flush()
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
			return
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
		}
		_, _ = w.Write(body)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	p := newPlain(time.Minute)
	defer p.CloseIdleConnections()
	for i, path := range []string{"/", "/chunks", "/nothing", "/hints", "/"} {
		want := fmt.Sprint("body ", i)
		if got, err := post(t, p, server.URL+path, want); err != nil || got != want && path != "/nothing" {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
	server.CloseClientConnections()
	if got, err := post(t, p, server.URL, "again"); err != nil || got != "again" {
		t.Errorf("after the server has closed the connection: got %q, %v", got, err)
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections were made, want 2", n)
	}
}

// TestPlainLeaves sends what is not its own by way of net/http's transport.
func TestPlainLeaves(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, len(body), r.RequestURI)
	}))
	defer server.Close()
	p := newPlain(time.Minute)
	defer p.CloseIdleConnections()
	if got, err := post(t, p, server.URL+"/large", strings.Repeat("x", maxAhead+1)); err != nil || got != "65537/large" {
		t.Errorf("got %q, %v", got, err)
	}
	proxy, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.Proxy = http.ProxyURL(proxy)
	if got, err := post(t, p, "http://model.test/v1", "x"); err != nil || got != "1http://model.test/v1" {
		t.Errorf("by a proxy: got %q, %v", got, err)
	}
	if len(p.idle) > 0 {
		t.Error("a connection is kept")
	}
}

// TestPlainEarly has a server answer before it reads.
func TestPlainEarly(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, "no")
	}))
	defer server.Close()
	p := newPlain(time.Minute)
	defer p.CloseIdleConnections()
	if got, err := post(t, p, server.URL, strings.Repeat("x", maxAhead)); err != nil || got != "no" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestPlainRepeats has a server close a connection on which a second request comes.
func TestPlainRepeats(t *testing.T) {
	var used sync.Map // by the client's address
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(w, r.Body)
		if _, again := used.LoadOrStore(r.RemoteAddr, true); again || err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	p := newPlain(time.Minute)
	defer p.CloseIdleConnections()
	for _, header := range []http.Header{{}, {"Idempotency-Key": {"x"}}} {
		for i := range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = header
			res, err := p.RoundTrip(req)
			if want := i == 0 || len(header) > 0; (err == nil) != want {
				t.Errorf("request %d with %v: got %v", i, header, err)
			}
			if err != nil {
				continue
			}
			if got, err := io.ReadAll(res.Body); err != nil || string(got) != "x" {
				t.Errorf("got %q, %v", got, err)
			}
		}
	}
}

// TestPlainClosesIdle waits until idle connections are closed.
func TestPlainClosesIdle(t *testing.T) {
	closed := make(chan struct{}, 3)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	p := newPlain(10 * time.Millisecond)
	if _, err := post(t, p, server.URL, "x"); err != nil {
		t.Fatal(err)
	}
	<-closed
	p = newPlain(time.Hour)
	if _, err := post(t, p, server.URL, "x"); err != nil {
		t.Fatal(err)
	}
	p.CloseIdleConnections()
	<-closed
}

// TestPlainRefuses answers with what is no answer, or too much of one, each on a connection of
// its own: none must be used again.
func TestPlainRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ answer, body, err string }{
		"garbage":      {"hello\r\n\r\n", "", "malformed HTTP response"},
		"endless head": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead), "", errHead.Error()},
		"cut head":     {"HTTP/1.1 200 OK\r\n", "", "EOF"},
		"cut body":     {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "half", "EOF"},
		"switched":     {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "", errProtocol.Error()},
		"too much":     {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", "ok", ""},
		"to the end":   {"HTTP/1.0 200 OK\r\n\r\nall", "all", ""},
		"closing":      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
		"head later":   {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				for {
					c, err := ln.Accept()
					if err != nil {
						return
					}
					req, err := http.ReadRequest(bufio.NewReader(c))
					if err == nil {
						_, _ = io.Copy(io.Discard, req.Body)
						_, _ = io.WriteString(c, tt.answer)
					}
					c.Close()
				}
			}()
			p := newPlain(time.Minute)
			for range 2 {
				got, err := post(t, p, "http://"+ln.Addr().String(), "question")
				if got != tt.body || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %q, %v", got, err)
				}
			}
		})
	}
}

// TestPlainEnds ends requests by their context: before there is an answer, and in its middle.
func TestPlainEnds(t *testing.T) {
	arrived, release := make(chan bool, 2), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- true
		<-release
	}))
	defer server.Close()
	defer close(release)
	p := newPlain(time.Minute)
	for _, path := range []string{"/", "/half"} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-arrived
			cancel()
		}()
		res, err := p.RoundTrip(req)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if c := p.take(strings.TrimPrefix(server.URL, "http://")); c != nil {
		t.Error("the connection of a request that was ended is kept")
	}
}
