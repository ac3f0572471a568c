// Package wire is how the factory speaks HTTP: with servers that fall silent, that are busy, and that
// break off, none of which may hold a release up for good.
package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Impatient is a transport that ends exchanges in which neither side has sent anything for a while.
type Impatient struct {
	Base    http.RoundTripper
	Silence time.Duration
}

// RoundTrip sends a request.
func (t *Impatient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(t.Silence, func() {
		cancel(fmt.Errorf("no answer for %s", t.Silence))
	})
	sent := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		// What is sent slowly is no silence.
		sent.Body = &upload{req.Body, timer, t.Silence}
	}
	res, err := t.Base.RoundTrip(sent)
	if err != nil {
		timer.Stop()
		if cause := context.Cause(ctx); cause != nil && req.Context().Err() == nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	timer.Stop() // until somebody reads
	res.Body = &body{res.Body, ctx, cancel, timer, t.Silence}
	return res, nil
}

type upload struct {
	io.ReadCloser
	timer   *time.Timer
	silence time.Duration
}

func (u *upload) Read(p []byte) (int, error) {
	u.timer.Reset(u.silence)
	return u.ReadCloser.Read(p)
}

type body struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silence time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.silence)
	defer b.timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, context.Canceled) {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *body) Close() error {
	b.timer.Stop()
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}
