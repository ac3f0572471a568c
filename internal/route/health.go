package route

import (
	"sync"
	"time"

	"github.com/einstack/glide/internal/config"
)

// health says whether a model is to be asked. The zero time means now.
type health struct {
	budget config.Rate

	mu       sync.Mutex
	spent    float64 // of the budget, at the time below
	spentAt  time.Time
	until    time.Time // no attempt before
	limited  bool      // the rest until then is by the provider's limit of rate
	tripped  bool      // the budget is gone: after the rest comes a single probe
	probing  bool      // the probe is on its way
	rejected bool      // the provider does not accept the credentials
}

func newHealth(budget config.Rate) health { return health{budget: budget} }

// A Condition says whether a model may be asked, and else why not and for how long.
type Condition struct {
	State string        // ready, probing, resting, limited or rejected
	Rest  time.Duration // until the model may be asked again, as far as that is known
}

func (h *health) condition(now time.Time) Condition {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := max(h.until.Sub(now), 0)
	switch {
	case h.rejected:
		return Condition{State: "rejected"} // until the configuration is read again
	case rest > 0 && h.limited:
		return Condition{"limited", rest}
	case rest > 0:
		return Condition{"resting", rest}
	case h.probing:
		return Condition{State: "probing"}
	}
	return Condition{State: "ready"}
}

// ready reports whether an attempt may begin.
func (h *health) ready(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.rejected && !now.Before(h.until) && !h.probing
}

// begin records that an attempt begins. A model that rested after failures gets no
// second request until the first has succeeded.
func (h *health) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = h.tripped
}

func (h *health) succeed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing, h.tripped = false, false
}

func (h *health) abandon() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = false
}

func (h *health) fail(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	interval := h.budget.Interval()
	back := float64(now.Sub(h.spentAt)) / float64(interval)
	h.spent = max(h.spent-back, 0) + 1
	h.spentAt = now
	if h.tripped || h.spent > float64(h.budget.N)-1 {
		h.spent = min(h.spent, float64(h.budget.N))
		h.tripped = true
		h.restUntil(now.Add(interval), false)
	}
	h.probing = false
}

func (h *health) pause(now time.Time, rest time.Duration, limited bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restUntil(now.Add(rest), limited)
	h.probing = false
}

// restUntil lets the model rest. What it was to rest for before stays if that is longer. The
// lock is held.
func (h *health) restUntil(until time.Time, limited bool) {
	if until.After(h.until) {
		h.until, h.limited = until, limited
	}
}

// readmit lets a rejected model try its credentials again.
func (h *health) readmit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rejected = false
}

func (h *health) reject() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rejected, h.probing = true, false
}

// rest returns the time until the next attempt and whether the provider asked for it. It
// reports false if there will be none.
func (h *health) rest(now time.Time) (d time.Duration, limited, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d = h.until.Sub(now); d <= 0 {
		return time.Second, false, !h.rejected // how long a probe takes is not known
	}
	return d, h.limited, !h.rejected
}
