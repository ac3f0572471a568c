package gateway_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/provider"
	"github.com/einstack/glide/internal/testkit"
)

// start serves a configuration and returns its address, and what ends it with all of its
// connections.
func start(t *testing.T, text string) (*gateway.Gateway, string, func()) {
	t.Helper()
	g := newGateway(t, text)
	server := httptest.NewServer(g.Handler())
	return g, server.URL, func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
		provider.CloseIdle()
	}
}

// usual answers as a provider does on a bad day: mostly well, sometimes in one of the
// wrong ways.
func usual() http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		turn := n % 10
		mu.Unlock()
		switch turn {
		case 3:
			testkit.JSON(http.StatusInternalServerError, overloaded)(w, r)
		case 5:
			hangUp(w, r)
		case 7:
			testkit.Cut(testkit.Stream(testkit.Role, testkit.Chunk("x")))(w, r)
		default:
			fine(w, r)
		}
	}
}

// TestSoak sends requests of all kinds, whole, broken off and cancelled. In the end there
// are as many goroutines and as much memory as before.
func TestSoak(t *testing.T) {
	u := testkit.NewUpstream(t, usual())
	text := strings.ReplaceAll(pool("round_robin", u.URL, u.URL, u.URL), "client:", "error_budget: 100000/ms, client:")
	_, url, stop := start(t, text)
	round := func(requests int) {
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := range requests {
					soak(t, url, worker+i)
				}
			})
		}
		wg.Wait()
	}
	rest := func() (goroutines int, memory uint64) {
		http.DefaultClient.CloseIdleConnections()
		provider.CloseIdle()
		u.CloseClientConnections()
		var m runtime.MemStats
		for range 3 { // pools are emptied at the second collection
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	round(10)
	u.Forget()
	baseline, before := rest()
	round(200)
	u.Forget()
	stop()
	const spare = 2 << 20
	deadline := time.Now().Add(testkit.Deadline)
	for {
		goroutines, after := rest()
		if goroutines <= baseline && after < before+spare {
			return
		}
		if time.Now().After(deadline) {
			var stacks [1 << 20]byte
			t.Fatalf("%d goroutines and %d bytes, before %d and %d:\n%s", goroutines, after, baseline, before, stacks[:runtime.Stack(stacks[:], true)])
		}
		runtime.Gosched()
	}
}

// soak sends one request of the kind n, and reads the answer to its end, if there is one.
func soak(t *testing.T, url string, n int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kinds := []struct{ path, body string }{
		{"chat/completions", plain}, {"chat/completions", streamed}, {"messages", plain}, {"messages", streamed},
		{"chat/completions", `{"model":"none"}`}, {"chat/completions", "{{{"},
	}
	kind := kinds[n%len(kinds)]
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/"+kind.path, strings.NewReader(kind.body))
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	if n%7 == 0 {
		cancel() // in the middle of the answer, or after it
	}
	// It may be cut short, on either side.
	_, _ = io.Copy(io.Discard, res.Body)
}

// TestReloadUnderLoad replaces the configuration while clients send requests and read
// streams. None fails.
func TestReloadUnderLoad(t *testing.T) {
	one, two := testkit.NewUpstream(t, fine), testkit.NewUpstream(t, fine)
	configs := []string{
		pool("round_robin", one.URL, two.URL), pool("priority", two.URL), pool("least_latency", two.URL, one.URL, two.URL),
	}
	g, url, stop := start(t, configs[0])
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				body, _ := requestFor(worker%2 == 0)
				res, got, err := post(t, url, body)
				if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(got, `"fine"`) {
					t.Errorf("got %s, %s, %v", res.Status, got, err)
					return
				}
			}
		})
	}
	// Each configuration serves until some requests were answered by it.
	for i := range 50 {
		if err := g.Apply(configure(t, configs[i%len(configs)])); err != nil {
			t.Error(err)
		}
		served := func() int { return one.Count() + two.Count() }
		for before := served(); served() < before+20 && !t.Failed(); {
			runtime.Gosched()
		}
	}
	cancel()
	wg.Wait()
}
