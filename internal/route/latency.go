package route

import (
	"sync"
	"time"

	"github.com/einstack/glide/internal/config"
)

// latency is the exponentially weighted moving average of a model's latency. The first
// samples are averaged plainly, so that no single one has all the weight.
type latency struct {
	config *config.Latency

	mu      sync.Mutex
	due     time.Time // when the next measurement is wanted
	samples int
	value   float64 // seconds
}

func newLatency(c *config.Latency) latency { return latency{config: c} }

func (l *latency) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.samples++
	weight := l.config.Decay
	if l.samples <= l.config.WarmupSamples {
		weight = 1 / float64(l.samples)
	}
	l.value += weight * (d.Seconds() - l.value)
}

func (l *latency) warm() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.samples >= l.config.WarmupSamples
}

func (l *latency) average() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

// wanted returns the time from which on a measurement is wanted.
func (l *latency) wanted() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.due
}

// schedule puts off the next measurement, as one begins now.
func (l *latency) schedule(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = now.Add(l.config.UpdateInterval.Std())
}
