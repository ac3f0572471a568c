package metrics_test

import (
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/einstack/glide/internal/metrics"
)

func TestText(t *testing.T) {
	var r metrics.Registry
	c := metrics.NewCounter(&r, "c_total", "A counter.", "x", "y")
	metrics.NewGauge(&r, "g", "A gauge.", func(set func(float64, ...string)) { set(1.5) })
	h := metrics.NewHistogram(&r, "h_seconds", "A histogram.", []float64{0.1, 1}, "x")
	c.Add(2, "b", `"\`+"\n")
	c.Add(1, "a", "")
	for _, v := range []float64{0.1, 0.5, 7} {
		h.Observe(v, "a")
	}
	const want = `# HELP c_total A counter.
# TYPE c_total counter
c_total{x="a",y=""} 1
c_total{x="b",y="\"\\\n"} 2
# HELP g A gauge.
# TYPE g gauge
g 1.5
# HELP h_seconds A histogram.
# TYPE h_seconds histogram
h_seconds_bucket{x="a",le="0.1"} 1
h_seconds_bucket{x="a",le="1"} 2
h_seconds_bucket{x="a",le="+Inf"} 3
h_seconds_sum{x="a"} 7.6
h_seconds_count{x="a"} 3
`
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil || b.String() != want {
		t.Errorf("got\n%s%v, want\n%s", b.String(), err, want)
	}
	h.Observe(2, "b")
	got := map[string]uint64{}
	h.Each(func(n uint64, values ...string) { got[strings.Join(values, ",")] = n })
	if !maps.Equal(got, map[string]uint64{"a": 3, "b": 1}) {
		t.Errorf("the histogram has counted %v", got)
	}
}

// TestTogether counts from several goroutines, and loses nothing.
func TestTogether(t *testing.T) {
	var r metrics.Registry
	c := metrics.NewCounter(&r, "c_total", "A counter.")
	h := metrics.NewHistogram(&r, "h", "A histogram.", []float64{1})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				c.Add(1)
				h.Observe(0.5)
			}
		})
	}
	wg.Wait()
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil || !strings.Contains(b.String(), "c_total 4000\n") || !strings.Contains(b.String(), "h_sum 2000\nh_count 4000\n") {
		t.Errorf("got\n%s%v", b.String(), err)
	}
}
