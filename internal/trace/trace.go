// Package trace records spans and sends them to an OpenTelemetry collector by OTLP over
// HTTP, as the standard OTEL_* variables say. It is off unless they name an endpoint.
//
// A span is encoded in OTLP's protobuf form as its attributes are set, and copied to the
// batch when it ends, so that tracing leaves no garbage on a request's way. The methods
// of a nil [Tracer] and a nil [Span] do nothing.
package trace

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Kind says what part a span plays.
type Kind uint64

// The kinds, by OTLP's numbers.
const (
	Server Kind = 2
	Client Kind = 3
)

// A Context names a span among all, across processes.
type Context struct {
	TraceID [16]byte
	SpanID  [8]byte
	Sampled bool
	State   string // of other tracing systems, passed on as it is
}

// Valid reports whether c names a span.
func (c Context) Valid() bool { return c.TraceID != [16]byte{} && c.SpanID != [8]byte{} }

// Parse returns the context that the headers traceparent and tracestate name. It is the
// zero value if they name none.
func Parse(traceparent, tracestate string) Context {
	const length = len("00-") + 32 + len("-") + 16 + len("-00")
	var c Context
	var version, flags [1]byte
	p := traceparent
	// Later versions may add to the end.
	if len(p) < length || p[2] != '-' || p[35] != '-' || p[52] != '-' || len(p) > length && (p[:2] == "00" || p[length] != '-') {
		return Context{}
	}
	for _, field := range []struct {
		dst []byte
		src string
	}{{version[:], p[:2]}, {c.TraceID[:], p[3:35]}, {c.SpanID[:], p[36:52]}, {flags[:], p[53:55]}} {
		for i := range len(field.src) {
			if ch := field.src[i]; !('0' <= ch && ch <= '9' || 'a' <= ch && ch <= 'f') {
				return Context{}
			}
		}
		if _, err := hex.Decode(field.dst, []byte(field.src)); err != nil {
			return Context{}
		}
	}
	if version[0] == 0xff || !c.Valid() {
		return Context{}
	}
	c.Sampled = flags[0]&1 == 1
	// What is longer than others must pass on, or no text, would be copied to each span.
	if len(tracestate) <= maxState && !strings.ContainsFunc(tracestate, notPrintable) {
		c.State = tracestate
	}
	return c
}

// maxState is how much of a tracestate W3C's recommendation asks to pass on, in bytes.
const maxState = 512

func notPrintable(c rune) bool { return c < ' ' || c > '~' }

// Traceparent returns the header traceparent for a call that the span covers.
func (c Context) Traceparent() string {
	b := make([]byte, 0, 55)
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, c.TraceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, c.SpanID[:])
	if c.Sampled {
		return string(append(b, "-01"...))
	}
	return string(append(b, "-00"...))
}

// A Tracer makes spans.
type Tracer struct {
	settings
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	pending []byte // ended spans, as members of ScopeSpans
	count   int    // of them
	dropped int    // spans for which there was no room
	full    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

// New returns the tracer that the environment asks for, nil for none. Failures to export
// go to log.
func New(getenv func(string) string, version string, log *slog.Logger) (*Tracer, error) {
	s, err := parseEnv(getenv, version, log)
	if s == nil || err != nil {
		return nil, err
	}
	t := &Tracer{
		settings: *s, log: log, full: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		client: &http.Client{Timeout: s.timeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: s.roots}}},
	}
	go t.run()
	return t, nil
}

// Close sends what is pending and ends the tracer.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	close(t.stop)
	<-t.stopped
	t.client.CloseIdleConnections()
}

// A Span is one operation. It is for one goroutine.
type Span struct {
	Context
	tracer *Tracer
	parent [8]byte
	kind   Kind
	name   string
	began  time.Time
	attrs  []byte // encoded
	failed bool
}

var spans = sync.Pool{New: func() any { return &Span{attrs: make([]byte, 0, 512)} }}

// Start begins a span. The parent may be the zero value.
func (t *Tracer) Start(kind Kind, parent Context, began time.Time) *Span {
	if t == nil {
		return nil
	}
	s := spans.Get().(*Span)
	*s = Span{tracer: t, kind: kind, began: began, attrs: s.attrs[:0]}
	binary.LittleEndian.PutUint64(s.SpanID[:], rand.Uint64()|1)
	if parent.Valid() {
		s.TraceID, s.parent, s.State = parent.TraceID, parent.SpanID, parent.State
	} else {
		binary.LittleEndian.PutUint64(s.TraceID[:8], rand.Uint64()|1)
		binary.LittleEndian.PutUint64(s.TraceID[8:], rand.Uint64())
	}
	s.Sampled = t.sample(parent, s.TraceID)
	return s
}

// Name sets the span's name.
func (s *Span) Name(name string) {
	if s != nil {
		s.name = name
	}
}

// Fail marks the span as failed, with the type of the error.
func (s *Span) Fail(errorType string) {
	if s != nil {
		s.failed = true
		s.String("error.type", errorType)
	}
}

// String sets an attribute. Of a long value it takes the beginning: what clients send must
// not fill the queue.
func (s *Span) String(key, value string) {
	if s != nil && s.Sampled {
		// A collector refuses a batch with a string that is not UTF-8, as a whole.
		value = strings.ToValidUTF8(value[:min(len(value), maxValue)], "")
		s.attrs = appendAttribute(s.attrs, spanAttributes, key, value)
	}
}

// maxValue is the length of an attribute, in bytes.
const maxValue = 1 << 10

// Int sets an attribute.
func (s *Span) Int(key string, value int) {
	if s != nil && s.Sampled {
		s.attrs = appendIntAttribute(s.attrs, key, uint64(value))
	}
}

// Bool sets an attribute.
func (s *Span) Bool(key string, value bool) {
	if s != nil && s.Sampled {
		s.attrs = appendBoolAttribute(s.attrs, key, value)
	}
}

// Float sets an attribute.
func (s *Span) Float(key string, value float64) {
	if s != nil && s.Sampled {
		s.attrs = appendFloatAttribute(s.attrs, key, value)
	}
}

// End ends the span, which is not to be used afterwards.
func (s *Span) End() {
	if s == nil {
		return
	}
	if s.Sampled {
		s.tracer.add(s, time.Now())
	}
	spans.Put(s)
}

func (t *Tracer) add(s *Span, ended time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count >= t.queueSize {
		t.dropped++
		return
	}
	t.pending = appendSpan(t.pending, s, ended)
	if t.count++; t.count == t.batchSize {
		select {
		case t.full <- struct{}{}:
		default: // it is being told already
		}
	}
}
