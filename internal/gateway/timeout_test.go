package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// A slowWriter is a client that takes its time to accept what is written.
type slowWriter struct {
	*httptest.ResponseRecorder
	takes    time.Duration // for each 256 KB, or part of them
	deadline time.Time
}

func (w *slowWriter) SetWriteDeadline(t time.Time) error {
	w.deadline = t
	return nil
}

func (w *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(w.takes * time.Duration((len(p)+256<<10-1)/(256<<10)))
	if time.Now().After(w.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return w.ResponseRecorder.Write(p)
}

// TestTimeOfStreams lets a simulated model talk, a word each second of the test's own clock. A stream that
// flows lasts, however slow the client is, unless it was given a time.
func TestTimeOfStreams(t *testing.T) {
	tests := []struct {
		name   string
		client string        // the limits
		words  int           // of the answer
		takes  time.Duration // by the client, to accept an event
		broken string        // what the error in the stream says
	}{
		{"long", "timeout: 10m", 1000, 0, ""},
		{"long, with time", "stream_timeout: 20m", 1000, 0, ""},
		{"long, without time", "stream_timeout: 5m", 1000, 0, "client.stream_timeout"},
		{"slow client", "first_token_timeout: 5s, idle_timeout: 5s", 10, 20 * time.Second, ""},
		{"slow provider", "idle_timeout: 900ms", 10, 0, "client.idle_timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGateway(t, "routers: {language: [{id: pool, models: [{id: m, client: {"+tt.client+"}, simulated: {tokens_per_second: 1, text: '"+
					strings.Repeat("word ", tt.words-1)+"end'}}]}]}")
				w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), takes: tt.takes}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(streamed))
				aborted := serveAborting(g.Handler(), w, r)
				got := w.Body.String()
				if tt.broken == "" {
					if aborted || strings.Count(got, "word ") != tt.words-1 || !strings.HasSuffix(got, testkit.Done) {
						t.Errorf("the stream broke: %t, and ends with %q", aborted, got[max(0, len(got)-300):])
					}
					return
				}
				if !aborted || !strings.Contains(got, "word ") || !strings.Contains(got, tt.broken) {
					t.Errorf("the stream broke: %t, and ends with %q", aborted, got[max(0, len(got)-300):])
				}
			})
		})
	}
}

// TestTimeOfLargeAnswers gives a large answer to a slow client, which has its time for each piece of it.
func TestTimeOfLargeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(t, "routers: {language: [{id: pool, models: [{id: m, simulated: {}}]}]}")
		w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), takes: 20 * time.Second} // of write_timeout's 30
		body := `{"model":"pool","dimensions":3072,"input":["x"` + strings.Repeat(`,"x"`, 31) + "]}"
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/embeddings", strings.NewReader(body))
		aborted := serveAborting(g.Handler(), w, r)
		if n := w.Body.Len(); aborted || n < 1<<20 || w.Header().Get("Content-Length") != strconv.Itoa(n) {
			t.Errorf("got %d bytes of %s; broken off: %t", n, w.Header().Get("Content-Length"), aborted)
		}
	})
}

// serveAborting lets h answer r, and reports whether it broke the answer off.
func serveAborting(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler {
			aborted = true
		} else if v != nil {
			panic(v)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}
