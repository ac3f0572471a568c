//go:build e2e

package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// rate is how many requests a load sends each second; 200 of them must come through.
	rate = 250
	// openStreams is how many streams it keeps open.
	openStreams = 10
)

// A load asks a Service for chats at a steady rate and keeps streams open, until it is stopped.
type load struct {
	url     string
	started time.Time
	cancel  context.CancelFunc
	workers sync.WaitGroup
	clients []*http.Client

	mu                sync.Mutex
	requests, streams int
	failures          []string
}

// startLoad starts a load on the Service at an address. Half of the clients keep their connections,
// half make a new one for each request.
func startLoad(t *testing.T, address string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{url: "http://" + address + "/v1/chat/completions", started: time.Now(), cancel: cancel}
	due := make(chan struct{}, rate)
	l.workers.Go(func() {
		defer close(due)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for sent := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A tick that came late is made up for.
			for ; sent < int(time.Since(l.started).Seconds()*rate); sent++ {
				due <- struct{}{}
			}
		}
	})
	for i := range 32 {
		client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: i%2 == 0}}
		l.clients = append(l.clients, client)
		l.workers.Go(func() {
			for range due {
				l.count(&l.requests, ask(context.Background(), client, l.url, "default", "You said: Hello"))
			}
		})
	}
	for range openStreams {
		client := &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{}}
		l.clients = append(l.clients, client)
		l.workers.Go(func() {
			for ctx.Err() == nil {
				l.count(&l.streams, stream(context.Background(), client, l.url))
			}
		})
	}
	return l
}

func (l *load) count(kind *int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*kind++
	if err != nil {
		l.failures = append(l.failures, time.Since(l.started).Round(time.Millisecond).String()+": "+err.Error())
	}
}

// stop ends the load, lets what runs finish, and reports what has failed.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	spent := time.Since(l.started)
	l.workers.Wait()
	for _, client := range l.clients {
		client.CloseIdleConnections()
	}
	perSecond := float64(l.requests) / spent.Seconds()
	t.Logf("%d requests, %.0f a second, and %d streams in %s: %d failed", l.requests, perSecond, l.streams, spent.Round(time.Second), len(l.failures))
	if len(l.failures) > 0 {
		t.Errorf("%d failed:\n%s", len(l.failures), strings.Join(l.failures[:min(len(l.failures), 10)], "\n"))
	}
	if perSecond < 200 {
		t.Errorf("%.0f requests a second are no load", perSecond)
	}
}

// ask asks a model for a chat, whose answer must contain want.
func ask(ctx context.Context, client *http.Client, url, model, want string) error {
	answer, err := post(ctx, client, url, fmt.Sprintf(`{"model": %q, "messages": [{"role": "user", "content": "Hello"}]}`, model))
	if err == nil && !strings.Contains(answer, want) {
		err = fmt.Errorf("answered %s", answer)
	}
	return err
}

// stream reads a stream of some seconds, to its proper end.
func stream(ctx context.Context, client *http.Client, url string) error {
	answer, err := post(ctx, client, url, `{"model": "slow", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}`)
	if err == nil && (!strings.Contains(answer, "thirty") || !strings.HasSuffix(answer, "data: [DONE]\n\n")) {
		err = errors.New("the stream ended early")
	}
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}

func post(ctx context.Context, client *http.Client, url, body string) (string, error) {
	// Without GetBody the client sends a request once only, as most do.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, io.NopCloser(bytes.NewBufferString(body)))
	if err != nil {
		return "", err
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.StatusCode, answer)
	}
	return string(answer), err
}
