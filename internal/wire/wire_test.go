package wire

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A server answers at once, and sends a word whenever one is passed to it.
type server chan string

func (s server) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(answer{req.Context(), s})}, nil
}

type answer struct {
	ctx   context.Context
	words server
}

func (a answer) Read(p []byte) (int, error) {
	select {
	case word, more := <-a.words:
		if !more {
			return 0, io.EOF
		}
		return copy(p, word), nil
	case <-a.ctx.Done():
		return 0, context.Canceled
	}
}

// Who is slow to read is not the one who falls silent.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		words := make(server, 2)
		words <- "one"
		words <- "two"
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost", nil)
		if err != nil {
			t.Fatal(err)
		}
		transport := &Impatient{Base: words, Silence: time.Minute}
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		part := make([]byte, 3)
		for _, want := range []string{"one", "two"} {
			time.Sleep(time.Hour) // of a clock that nobody waits for
			if n, err := res.Body.Read(part); err != nil || string(part[:n]) != want {
				t.Fatalf("read %q, %v, want %q", part[:n], err, want)
			}
		}
		began := time.Now()
		if _, err := res.Body.Read(part); err == nil || !strings.Contains(err.Error(), "no answer for 1m0s") || time.Since(began) != time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
