package provider

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// A plainTransport sends requests over HTTP/1.1 without encryption, as to a model server beside
// the gateway. For each connection [http.Transport] has two goroutines, by way of which all goes;
// here the caller's own does everything. An open stream takes two stacks and a buffer less, and
// no byte waits for another goroutine to run. The rest is left to the transport: encryption,
// HTTP/2, proxies, and bodies that a server may not want to read before it answers.
type plainTransport struct {
	*http.Transport

	mu    sync.Mutex
	idle  map[string][]*plainConn // by address, the one used last at the end
	sweep *time.Timer             // set while there are idle connections
}

// maxAhead is the largest body of a request, in bytes, that is sent as a whole before anything
// is read. The system takes it in even if the server does not.
const maxAhead = 64 << 10

// RoundTrip sends a request and returns when the head of the answer is here.
func (t *plainTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !canLook || req.URL.Scheme != "http" || req.ContentLength < 0 || req.ContentLength > maxAhead {
		return t.Transport.RoundTrip(req)
	}
	if proxy, err := t.Proxy(req); proxy != nil || err != nil {
		return t.Transport.RoundTrip(req)
	}
	c, err := t.conn(req.Context(), address(req))
	if err != nil {
		return nil, errors.Join(err, req.Body.Close())
	}
	stop := context.AfterFunc(req.Context(), c.interrupt)
	res, err := c.exchange(req)
	if err != nil {
		stop()
		c.Close()
		if ended := req.Context().Err(); ended != nil {
			return nil, ended
		}
		// The server may have closed the connection as idle at the very moment. As with
		// http.Transport, the client says whether it may get the request twice.
		if !c.since.IsZero() && c.left == maxHead && req.Header["Idempotency-Key"] != nil {
			again := *req
			if again.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
			return t.RoundTrip(&again)
		}
		return nil, err
	}
	keep := !res.Close && res.ProtoAtLeast(1, 1)
	body := &plainBody{ReadCloser: res.Body, t: t, conn: c, ctx: req.Context(), stop: stop, keep: keep}
	if res.Body == http.NoBody {
		body.end()
	}
	res.Body = body
	return res, nil
}

func address(req *http.Request) string {
	if req.URL.Port() == "" {
		return net.JoinHostPort(req.URL.Hostname(), "80")
	}
	return req.URL.Host
}

// conn returns a connection to addr that nobody uses, an idle one if there is any.
func (t *plainTransport) conn(ctx context.Context, addr string) (*plainConn, error) {
	for c := t.take(addr); c != nil; c = t.take(addr) {
		if quiet(c.Conn) {
			return c, nil
		}
		c.Close() // by the server
	}
	conn, err := t.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &plainConn{Conn: conn, addr: addr}
	c.in = bufio.NewReaderSize(c, t.ReadBufferSize)
	return c, nil
}

// take returns the idle connection to addr that was used last, or nil.
func (t *plainTransport) take(addr string) *plainConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	idle := t.idle[addr]
	if len(idle) == 0 {
		return nil
	}
	c := idle[len(idle)-1]
	idle[len(idle)-1] = nil
	t.idle[addr] = idle[:len(idle)-1]
	return c
}

// keep keeps a connection for later requests.
func (t *plainTransport) keep(c *plainConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle[c.addr]) >= t.MaxIdleConnsPerHost {
		c.Close()
		return
	}
	if t.idle == nil {
		t.idle = map[string][]*plainConn{}
	}
	c.since = time.Now()
	t.idle[c.addr] = append(t.idle[c.addr], c)
	if t.sweep == nil {
		t.sweepLater()
	}
}

// sweepLater has connections closed when they have been idle for too long. The lock is held.
func (t *plainTransport) sweepLater() {
	t.sweep = time.AfterFunc(t.IdleConnTimeout, func() { t.closeIdle(time.Now().Add(-t.IdleConnTimeout)) })
}

// closeIdle closes the connections that have been idle since before a time.
func (t *plainTransport) closeIdle(before time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for addr, idle := range t.idle {
		for len(idle) > 0 && !idle[0].since.After(before) {
			idle[0].Close()
			idle = idle[1:]
		}
		if t.idle[addr] = idle; len(idle) == 0 {
			delete(t.idle, addr)
		}
	}
	if t.sweep == nil {
		return
	}
	t.sweep.Stop()
	if t.sweep = nil; len(t.idle) > 0 {
		t.sweepLater()
	}
}

// CloseIdleConnections closes the connections that no request uses.
func (t *plainTransport) CloseIdleConnections() {
	t.closeIdle(time.Now())
	t.Transport.CloseIdleConnections()
}

// A plainConn is a connection to a server.
type plainConn struct {
	net.Conn
	addr  string
	in    *bufio.Reader
	head  bool      // whether the head of an answer is being read
	left  int       // how much longer that head may be, in bytes
	since time.Time // it has been idle, at last; zero before the first time
}

// interrupt ends what a request waits for.
func (c *plainConn) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

var (
	plainWriters = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}
	errHead      = fmt.Errorf("the head of the answer is larger than %d KiB", maxHead>>10)
	errProtocol  = errors.New("the server wants to speak another protocol")
)

// exchange sends a request and reads the head of its answer.
func (c *plainConn) exchange(req *http.Request) (*http.Response, error) {
	c.left = maxHead
	out := plainWriters.Get().(*bufio.Writer)
	out.Reset(c.Conn)
	err := req.Write(out)
	if err == nil {
		err = out.Flush()
	}
	out.Reset(nil)
	plainWriters.Put(out)
	if err != nil {
		return nil, err
	}
	c.head = true
	defer func() { c.head = false }()
	for {
		res, err := http.ReadResponse(c.in, req)
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode == http.StatusSwitchingProtocols:
			return nil, errProtocol
		case res.StatusCode >= 200:
			return res, nil
		}
	}
}

func (c *plainConn) Read(p []byte) (int, error) {
	if !c.head {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errHead
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// A plainBody is the body of an answer. At its end the connection is free.
type plainBody struct {
	io.ReadCloser
	t    *plainTransport
	conn *plainConn // nil when it is free
	ctx  context.Context
	stop func() bool
	keep bool
}

func (b *plainBody) Read(p []byte) (int, error) {
	if b.conn == nil {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.end()
	} else if ended := b.ctx.Err(); err != nil && ended != nil {
		err = ended
	}
	return n, err
}

// end frees the connection after all of the answer.
func (b *plainBody) end() {
	c := b.conn
	b.conn = nil
	// What was not asked for would be taken for the next answer.
	if b.stop() && b.keep && c.in.Buffered() == 0 {
		b.t.keep(c)
		return
	}
	c.Close()
}

// Close closes the connection unless the answer was read to its end.
func (b *plainBody) Close() error {
	if b.conn == nil {
		return nil
	}
	b.stop()
	err := b.conn.Close()
	b.conn = nil
	return err
}
