package access

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/einstack/glide/internal/config"
)

// A meter tells how much of a limit is spent. It comes back evenly in time, so that there
// is no moment at which everyone may begin anew. The limit is passed to each call, since
// it may change with the configuration.
type meter struct {
	mu    sync.Mutex
	spent float64 // at the time below
	at    time.Time
}

// interval returns the time in nanoseconds in which one comes back.
func interval(limit config.Rate) float64 { return float64(limit.Per) / float64(limit.N) }

// settle takes off what has come back.
func (m *meter) settle(now time.Time, limit config.Rate) {
	m.spent = max(m.spent-float64(now.Sub(m.at))/interval(limit), 0)
	m.at = now
}

// take spends n if something is left, or returns how long to wait until then.
func (m *meter) take(now time.Time, limit config.Rate, n int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now, limit)
	if missing := m.spent + max(float64(n), 1) - float64(limit.N); missing > 0 {
		return time.Duration(math.Ceil(missing * interval(limit)))
	}
	m.spent += float64(n)
	return 0
}

// spend spends n, even beyond the limit.
func (m *meter) spend(now time.Time, limit config.Rate, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now, limit)
	m.spent += float64(n)
}

// names are the headers that tell of one limit, in canonical form.
type names struct{ limit, remaining, reset string }

var (
	requestNames = names{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}
	tokenNames   = names{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"}
)

// tell writes the limit, what is left of it and when all of it is back. A limit of 0 is
// none.
func (m *meter) tell(h http.Header, n names, now time.Time, limit config.Rate) {
	if limit.N == 0 {
		return
	}
	m.mu.Lock()
	m.settle(now, limit)
	spent := m.spent
	m.mu.Unlock()
	left := max(math.Floor(float64(limit.N)-spent), 0)
	reset := time.Duration(spent * interval(limit)).Round(time.Millisecond)
	values := []string{strconv.Itoa(limit.N), strconv.FormatFloat(left, 'f', 0, 64), reset.String()}
	h[n.limit], h[n.remaining], h[n.reset] = values[0:1:1], values[1:2:2], values[2:3:3]
}
