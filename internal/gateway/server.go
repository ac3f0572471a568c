package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/einstack/glide/internal/provider"
)

// maxHeader is the size of a client's headers, in bytes, above which the server answers
// 431.
const maxHeader = 64 << 10

// linger is how long a connection that has carried its answer is kept while draining.
const linger = time.Second

// Serve serves clients on ln until ctx ends. Then it says that it is not ready, lets
// requests finish within the configured time and returns; the error names what had to be
// cut off.
func (g *Gateway) Serve(ctx context.Context, ln net.Listener) error {
	cfg := &g.state.Load().config.API.HTTP
	handler := g.Handler()
	if loopback(ln.Addr()) {
		handler = g.onlyLocal(handler)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: cfg.ReadTimeout.Std(),
		// Of requests that are refused, the server reads the body all the same.
		ReadTimeout:    2 * cfg.ReadTimeout.Std(),
		IdleTimeout:    cfg.IdleTimeout.Std(),
		MaxHeaderBytes: maxHeader,
		TLSConfig:      g.serverTLS(),
		ErrorLog:       slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			served <- server.ServeTLS(ln, "", "")
			return
		}
		served <- server.Serve(ln)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}

	cfg = &g.state.Load().config.API.HTTP
	g.Drain()
	g.log.Info("draining", slog.Duration("delay", cfg.DrainDelay.Std()), slog.Duration("timeout", cfg.DrainTimeout.Std()))
	// Load balancers go on sending until they have seen that the gateway is not ready.
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-time.After(cfg.DrainDelay.Std()):
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.DrainTimeout.Std())
	defer cancel()
	defer provider.CloseIdle()
	gone := g.sockets.drain()
	// From now on nobody new comes.
	if err := ln.Close(); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	}
	g.awaitQuiet(deadline, min(cfg.DrainDelay.Std(), linger))
	err := server.Shutdown(deadline)
	if err == nil {
		select {
		case <-gone:
		case <-deadline.Done():
			err = deadline.Err()
		}
	}
	if err != nil {
		g.sockets.cut()
		closeErr := server.Close()
		return errors.Join(fmt.Errorf("drain: requests were still running after %s; raise api.http.drain_timeout: %w", cfg.DrainTimeout, err), closeErr)
	}
	return nil
}

// awaitQuiet waits until no request has been running for some time, or ctx ends. A stream that
// began before the drain has not told its client to make a new connection: the client's next
// request may come on the old one as soon as the stream is over, and is answered there.
func (g *Gateway) awaitQuiet(ctx context.Context, quiet time.Duration) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); time.Since(last) < quiet; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if g.metrics.running.Load() > 0 {
				last = time.Now()
			}
		}
	}
}
