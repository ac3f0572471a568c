// Package metrics counts and measures, and tells it in the text format of Prometheus.
//
// It has the three kinds of metrics that Glide needs. Labels take their values from the
// configuration, so that the number of series stays small and none is ever removed.
package metrics

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Registry holds metrics in the order in which they are told.
type Registry struct{ families []writer }

type writer interface{ write(b *bytes.Buffer) }

// WriteTo writes all metrics to w.
func (r *Registry) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	for _, f := range r.families {
		f.write(&b)
	}
	return b.WriteTo(w)
}

// A family is the series of one metric by the values of its labels.
type family[T any] struct {
	name, help, kind string
	labels           []string
	make             func() *T
	writeSeries      func(b *bytes.Buffer, name, labels string, series *T)

	mu     sync.RWMutex
	series map[string]*T // by the values of labels, joined
}

// separator stands between the values of labels in a key. No text holds it.
const separator = "\xff"

// with returns the series with the values, one for each label. It makes no garbage but for
// a new one.
func (f *family[T]) with(values []string) *T {
	var buf [256]byte
	key := buf[:0]
	for i, v := range values {
		if i > 0 {
			key = append(key, separator...)
		}
		key = append(key, v...)
	}
	f.mu.RLock()
	s := f.series[string(key)]
	f.mu.RUnlock()
	if s != nil {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s = f.series[string(key)]; s == nil {
		if f.series == nil {
			f.series = map[string]*T{}
		}
		s = f.make()
		f.series[string(key)] = s
	}
	return s
}

func (f *family[T]) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, key := range slices.Sorted(maps.Keys(f.series)) {
		f.writeSeries(b, f.name, formatLabels(f.labels, strings.Split(key, separator)), f.series[key])
	}
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// formatLabels returns labels as a{x="1",y="2"} has them, without the braces.
func formatLabels(names, values []string) string {
	pairs := make([]string, len(names))
	for i, name := range names {
		pairs[i] = name + `="` + escaper.Replace(values[i]) + `"`
	}
	return strings.Join(pairs, ",")
}

func writeSample(b *bytes.Buffer, name, labels, value string) {
	b.WriteString(name)
	if labels != "" {
		b.WriteString("{" + labels + "}")
	}
	b.WriteString(" " + value + "\n")
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// A Counter counts up.
type Counter struct{ *family[atomic.Uint64] }

// NewCounter adds a counter to r. A counter's name ends in _total.
func NewCounter(r *Registry, name, help string, labels ...string) *Counter {
	c := &Counter{&family[atomic.Uint64]{
		name: name, help: help, kind: "counter", labels: labels, make: func() *atomic.Uint64 { return new(atomic.Uint64) },
		writeSeries: func(b *bytes.Buffer, name, labels string, n *atomic.Uint64) {
			writeSample(b, name, labels, strconv.FormatUint(n.Load(), 10))
		},
	}}
	r.families = append(r.families, c)
	return c
}

// Add counts n more for the values of the labels.
func (c *Counter) Add(n uint64, values ...string) { c.with(values).Add(n) }

// A Gauge is read when it is told.
type Gauge struct {
	name, help string
	labels     []string
	read       func(set func(value float64, labels ...string))
}

// NewGauge adds a gauge to r. Its values are those that read passes to set, each with the
// values of the labels.
func NewGauge(r *Registry, name, help string, read func(set func(value float64, values ...string)), labels ...string) {
	r.families = append(r.families, &Gauge{name, help, labels, read})
}

func (g *Gauge) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n", g.name, g.help, g.name)
	g.read(func(value float64, values ...string) {
		writeSample(b, g.name, formatLabels(g.labels, values), formatFloat(value))
	})
}

// A Histogram counts values by their size.
type Histogram struct{ *family[histogram] }

type histogram struct {
	bounds []float64 // upper, ascending
	counts []atomic.Uint64
	sum    atomic.Uint64 // the bits of a float64
}

// NewHistogram adds a histogram to r with the upper bounds of its buckets, ascending.
func NewHistogram(r *Registry, name, help string, bounds []float64, labels ...string) *Histogram {
	h := &Histogram{&family[histogram]{
		name: name, help: help, kind: "histogram", labels: labels,
		make:        func() *histogram { return &histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)} },
		writeSeries: writeHistogram,
	}}
	r.families = append(r.families, h)
	return h
}

// Observe counts a value for the values of the labels.
func (h *Histogram) Observe(value float64, values ...string) {
	s := h.with(values)
	i, _ := slices.BinarySearch(s.bounds, value)
	s.counts[i].Add(1)
	for {
		old := s.sum.Load()
		if s.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+value)) {
			return
		}
	}
}

// Each passes to f how many values each series has counted, with the values of its labels.
func (h *Histogram) Each(f func(n uint64, values ...string)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for key, s := range h.series {
		f(s.total(), strings.Split(key, separator)...)
	}
}

func (h *histogram) total() uint64 {
	n := uint64(0)
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

func writeHistogram(b *bytes.Buffer, name, labels string, h *histogram) {
	more := labels
	if labels != "" {
		more += ","
	}
	total := uint64(0)
	for i := range h.counts {
		total += h.counts[i].Load()
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = formatFloat(h.bounds[i])
		}
		writeSample(b, name+"_bucket", more+`le="`+bound+`"`, strconv.FormatUint(total, 10))
	}
	writeSample(b, name+"_sum", labels, formatFloat(math.Float64frombits(h.sum.Load())))
	writeSample(b, name+"_count", labels, strconv.FormatUint(total, 10))
}
