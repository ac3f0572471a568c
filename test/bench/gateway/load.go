package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/einstack/glide/test/bench"
)

// An outcome is what one turn of a proxy showed. Times are in microseconds.
type outcome struct {
	rate  float64 // requests per second
	cpu   float64 // of the proxy, per request
	p50   float64 // of whole answers
	first float64 // p50 of the first event of streams
}

func medianOf(turns []outcome) outcome {
	pick := func(field func(outcome) float64) float64 {
		var values []float64
		for _, o := range turns {
			values = append(values, field(o))
		}
		return bench.Median(values)
	}
	return outcome{
		rate: pick(func(o outcome) float64 { return o.rate }), cpu: pick(func(o outcome) float64 { return o.cpu }),
		p50: pick(func(o outcome) float64 { return o.p50 }), first: pick(func(o outcome) float64 { return o.first }),
	}
}

// load sends the request over and over for a time, on several connections.
func (p *proxy) load(ctx context.Context, connections int, d time.Duration, request []byte) (outcome, error) {
	var all samples
	clients := make([]*client, connections)
	for i := range clients {
		c, err := p.dial(ctx)
		if err != nil {
			return outcome{}, err
		}
		defer c.conn.Close()
		clients[i] = c
	}
	// One exchange ahead: connections to the provider are made, memory is there.
	err := each(clients, func(c *client) error {
		_, _, err := c.exchange(request)
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	used := p.cpuTime()
	begin := time.Now()
	err = each(clients, func(c *client) error {
		var own samples
		for time.Since(begin) < d && ctx.Err() == nil {
			first, whole, err := c.exchange(request)
			if err != nil {
				return err
			}
			own.first, own.whole = append(own.first, first), append(own.whole, whole)
		}
		all.add(&own)
		return ctx.Err()
	})
	if err != nil {
		return outcome{}, err
	}
	took := time.Since(begin)
	n := float64(len(all.whole))
	return outcome{
		rate: n / took.Seconds(), cpu: micros(p.cpuTime()-used) / n, p50: micros(bench.Median(all.whole)), first: micros(bench.Median(all.first)),
	}, nil
}

// each runs f for all clients at once.
func each(clients []*client, f func(*client) error) error {
	errs := make([]error, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() { errs[i] = f(c) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

type samples struct {
	mu           sync.Mutex
	first, whole []time.Duration
}

func (s *samples) add(more *samples) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.whole = append(s.first, more.first...), append(s.whole, more.whole...)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// hold opens streams and returns the proxy's memory in kilobytes before and while they
// are open.
func (p *proxy) hold(ctx context.Context, streams int) (before, after float64, err error) {
	before = p.memory()
	request := chatTo("default", promptOf(1000), held)
	for range streams {
		c, err := p.dial(ctx)
		if err != nil {
			return 0, 0, err
		}
		defer c.conn.Close()
		if _, err := c.conn.Write(request); err != nil {
			return 0, 0, err
		}
		for !bytes.Contains(c.in.buf, []byte("data: ")) {
			if err := c.in.fill(); err != nil {
				return 0, 0, err
			}
		}
	}
	return before, p.memory(), nil
}

// A client has one connection to a proxy.
type client struct {
	conn net.Conn
	in   reader
}

func (p *proxy) dial(ctx context.Context) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: reader{conn: conn}}, nil
}

// exchange sends a request and returns the time to the first event of its answer and to
// its end.
func (c *client) exchange(request []byte) (first, whole time.Duration, err error) {
	begin := time.Now()
	c.in.first = time.Time{}
	if _, err := c.conn.Write(request); err != nil {
		return 0, 0, err
	}
	response, err := c.in.next()
	if err != nil {
		return 0, 0, err
	}
	if !bytes.HasPrefix(response, []byte("HTTP/1.1 200 ")) {
		return 0, 0, fmt.Errorf("got %.300q", response)
	}
	return c.in.first.Sub(begin), time.Since(begin), nil
}

// A reader reads messages of HTTP, with no more care than the programs of this benchmark
// ask for.
type reader struct {
	conn  net.Conn
	buf   []byte // what is read of the message
	used  int    // length of the message before
	first time.Time
}

var (
	blank = []byte("\r\n\r\n")
	last  = []byte("\r\n0\r\n\r\n")
)

// next returns a whole message, valid until the next call.
func (r *reader) next() ([]byte, error) {
	r.buf = r.buf[:copy(r.buf, r.buf[r.used:])]
	r.used = 0
	length := -1 // of the message; 0 if it is in chunks
	for {
		if length < 0 {
			if at := bytes.Index(r.buf, blank); at >= 0 {
				length = 0
				if n := bytes.Index(r.buf[:at], []byte("Content-Length: ")); n >= 0 {
					text, _, _ := bytes.Cut(r.buf[n+len("Content-Length: "):], []byte("\r"))
					size, err := strconv.Atoi(string(text))
					if err != nil {
						return nil, err
					}
					length = at + len(blank) + size
				}
			}
		}
		if r.first.IsZero() && length >= 0 && (length > 0 || bytes.Contains(r.buf, []byte("data: "))) {
			r.first = time.Now()
		}
		switch {
		case length > 0 && len(r.buf) >= length:
			r.used = length
			return r.buf[:length], nil
		case length == 0 && bytes.HasSuffix(r.buf, last):
			r.used = len(r.buf)
			return r.buf, nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

func (r *reader) fill() error {
	if len(r.buf) == cap(r.buf) {
		r.buf = append(r.buf, make([]byte, 4096)...)[:len(r.buf)]
	}
	n, err := r.conn.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	return err
}

// cpuTime returns the processor time that the proxy has used.
func (p *proxy) cpuTime() time.Duration {
	if p.cmd == nil {
		return 0
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid))
	if err != nil {
		return 0 // it has ended, which the next request tells
	}
	var sum time.Duration
	for _, task := range tasks {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", p.cmd.Process.Pid, task.Name()))
		if err != nil {
			continue
		}
		ns, _, _ := strings.Cut(string(data), " ")
		if n, err := strconv.ParseInt(ns, 10, 64); err == nil {
			sum += time.Duration(n)
		}
	}
	return sum
}

// memory returns the proxy's resident memory in kilobytes.
func (p *proxy) memory() (kilobytes float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0 // it has ended, which the next request tells
	}
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kilobytes); n == 1 {
			return kilobytes
		}
	}
	return 0
}
