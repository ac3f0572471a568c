package channels

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Faults counts the calls of all servers, and spoils one of them.
type Faults struct {
	mu    sync.Mutex
	calls int
	at    int // number of the call that is spoilt, from 1
	fault Fault
	log   []string // the calls so far
}

// A Fault answers a call in another way than the server would.
type Fault func(server http.Handler, w http.ResponseWriter, r *http.Request)

// Set spoils the nth call from now on, the first being 1; 0 spoils none.
func (f *Faults) Set(n int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.at, f.fault, f.log = 0, n, fault, nil
}

// Calls returns how many calls there were since Set, and what they were.
func (f *Faults) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log
}

func (f *Faults) wrap(name string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.calls++
		f.log = append(f.log, name+" "+r.Method+" "+r.URL.Path)
		var fault Fault
		if f.calls == f.at {
			fault = f.fault
		}
		f.mu.Unlock()
		if fault == nil {
			handler.ServeHTTP(w, r)
			return
		}
		fault(handler, w, r)
	})
}

// Status answers with a status instead of doing anything.
func Status(status int, header ...string) Fault {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

// Limited answers as GitHub does to who asks too much at a time.
func Limited(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
	fail(w, http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
}

// Lost does what is asked, and answers with an error of a proxy.
func Lost(server http.Handler, w http.ResponseWriter, r *http.Request) {
	server.ServeHTTP(discard{http.Header{}}, r)
	w.WriteHeader(http.StatusBadGateway)
}

// Silent does what is asked and never answers. The connection of who does not give up breaks in the end.
func Silent(server http.Handler, w http.ResponseWriter, r *http.Request) {
	server.ServeHTTP(discard{http.Header{}}, r)
	select {
	case <-r.Context().Done():
	case <-time.After(2 * time.Second):
	}
	panic(http.ErrAbortHandler)
}

// Truncated does what is asked and breaks off in the answer.
func Truncated(server http.Handler, w http.ResponseWriter, r *http.Request) {
	answer := &recorded{discard: discard{http.Header{}}, status: http.StatusOK}
	server.ServeHTTP(answer, r)
	for key, values := range answer.header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)+10))
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body[:len(answer.body)/2])
	panic(http.ErrAbortHandler)
}

// Digest answers with another digest than the server would, wherever it says one.
func Digest(server http.Handler, w http.ResponseWriter, r *http.Request) {
	answer := &recorded{discard: discard{http.Header{}}, status: http.StatusOK}
	server.ServeHTTP(answer, r)
	for key, values := range answer.header {
		w.Header()[key] = []string{string(spoil([]byte(values[0])))}
	}
	body := spoil(answer.body)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", answer.header.Get("Content-Length"))
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

type recorded struct {
	discard
	status int
	body   []byte
}

func (r *recorded) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}
func (r *recorded) WriteHeader(status int) { r.status = status }
