package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Errors are of two sorts: those that another try may mend, which are most, and those that it won't.

// A busyError is an answer that says: not now.
type busyError struct {
	request string
	status  int
	after   time.Duration // how long to wait at least
}

func (e *busyError) Error() string {
	return fmt.Sprintf("%s: %d %s", e.request, e.status, http.StatusText(e.status))
}

// A refusedError is an answer that says no.
type refusedError struct {
	request string
	status  int
	message string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", e.request, e.status, http.StatusText(e.status), e.message)
}

// A setupError is a mistake of whoever runs the program.
type setupError struct{ error }

func (e setupError) Unwrap() error { return e.error }

// An againError is one that looks permanent but comes from another publisher's being faster.
type againError struct{ error }

func (e againError) Unwrap() error { return e.error }

// permanent tells whether trying again is of no use.
func permanent(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			if permanent(one) {
				return true
			}
		}
		return false
	}
	var again againError
	var refused *refusedError
	var setup setupError
	var registry *transport.Error
	var disk *fs.PathError
	switch {
	case errors.As(err, &again):
		return false
	case errors.As(err, &registry):
		return registry.StatusCode >= 400 && registry.StatusCode < 500
	}
	return errors.As(err, &refused) || errors.As(err, &setup) || errors.As(err, &disk)
}

// retryAfter returns how long a server asked to wait.
func retryAfter(err error) time.Duration {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var longest time.Duration
		for _, one := range joined.Unwrap() {
			longest = max(longest, retryAfter(one))
		}
		return longest
	}
	var busy *busyError
	if errors.As(err, &busy) {
		return busy.after
	}
	return 0
}

// A courteous transport makes errors of answers that say: not now.
type courteous struct {
	base  http.RoundTripper
	pause time.Duration
}

func (t courteous) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	after, limited := wait(res.Header)
	if !limited && (res.StatusCode == http.StatusForbidden || res.StatusCode == http.StatusTooManyRequests) {
		// GitHub's secondary limits may be told by the text alone.
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(res.Body, 1<<16)); err != nil {
			return nil, errors.Join(err, res.Body.Close())
		}
		if limited = bytes.Contains(text, []byte("secondary rate limit")); limited {
			after = t.pause
		}
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(text), res.Body), res.Body}
	}
	switch {
	case res.StatusCode >= 500, res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusRequestTimeout:
	case res.StatusCode == http.StatusForbidden && limited:
	default:
		return res, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection lives on
	_ = res.Body.Close()
	return nil, &busyError{req.Method + " " + req.URL.Redacted(), res.StatusCode, after}
}

// A patient transport asks busy servers again, for who only reads. A publisher looks at all anew instead.
type patient struct {
	base  http.RoundTripper
	waits func(time.Duration, error)
}

// maxAsked is how often, which is more than an hour, after which GitHub's limits are over.
const maxAsked = 6

func (t patient) RoundTrip(req *http.Request) (*http.Response, error) {
	for asked := 1; ; asked++ {
		res, err := t.base.RoundTrip(req)
		var busy *busyError
		if !errors.As(err, &busy) || asked == maxAsked {
			return res, err
		}
		wait := max(busy.after, time.Second<<(asked-1))
		if t.waits != nil {
			t.waits(wait, err)
		}
		select {
		case <-time.After(wait):
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		}
	}
}

// longest is how long a server may make a release wait.
const longest = 15 * time.Minute

// wait reads how long a server asks to wait, by Retry-After or by GitHub's headers of its limits.
func wait(h http.Header) (after time.Duration, limited bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(time.Duration(seconds)*time.Second, longest), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(time.Until(date), longest), true
	}
	if h.Get("X-Ratelimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			return min(time.Until(time.Unix(reset, 0)), longest), true
		}
	}
	return 0, false
}
