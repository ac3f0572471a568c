package route_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/route"
)

// router returns a router of simulated models, each written as its id and weight.
func router(t *testing.T, strategy config.Strategy, models ...string) *route.Router {
	t.Helper()
	r, err := route.NewRouter(parse(t, strategy, models...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func parse(t *testing.T, strategy config.Strategy, models ...string) *config.Router {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "routers:\n  language:\n    - id: r\n      strategy: %s\n      models:\n", strategy)
	for _, m := range models {
		id, weight, ok := strings.Cut(m, ":")
		if !ok {
			weight = "1"
		}
		fmt.Fprintf(&b, "        - {id: %s, weight: %s, error_budget: 2/m, simulated: {}}\n", id, weight)
	}
	cfg, err := config.Parse("f", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return &cfg.Routers.Language[0]
}

func next(t *testing.T, r *route.Router, tried *route.Tried) (route.Attempt, string) {
	t.Helper()
	a, ok := r.Next(tried, false)
	if !ok {
		return a, ""
	}
	return a, a.Model.Config.ID
}

// first returns the model that a new request goes to, and lets it succeed.
func first(t *testing.T, r *route.Router) string {
	t.Helper()
	var tried route.Tried
	a, id := next(t, r, &tried)
	if id != "" {
		a.Succeed(time.Millisecond)
	}
	return id
}

// share returns how many of n requests go to each model.
func share(t *testing.T, r *route.Router, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		got[first(t, r)]++
	}
	return got
}

// knockOut makes the model id rest until the test's clock has moved on.
func knockOut(t *testing.T, r *route.Router, id string) {
	t.Helper()
	only := r.Only(id)
	for {
		var tried route.Tried
		a, ok := only.Next(&tried, false)
		if !ok {
			return
		}
		a.Fail()
	}
}

func TestPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a", "b", "c")
		if got := share(t, r, 10); got["a"] != 10 {
			t.Errorf("got %v, want all for a", got)
		}
		var tried route.Tried
		order := ""
		for {
			a, id := next(t, r, &tried)
			if id == "" {
				break
			}
			a.Abandon()
			order += id
		}
		if order != "abc" {
			t.Errorf("fallback went %s", order)
		}
		knockOut(t, r, "a")
		if got := first(t, r); got != "b" {
			t.Errorf("without a, got %s", got)
		}
		time.Sleep(time.Minute)
		if got := first(t, r); got != "a" {
			t.Errorf("with a back, got %s", got)
		}
	})
}

func TestRoundRobin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.RoundRobin, "a", "b", "c")
		if got := share(t, r, 30); got["a"] != 10 || got["b"] != 10 || got["c"] != 10 {
			t.Errorf("got %v", got)
		}
		knockOut(t, r, "b")
		if got := share(t, r, 30); got["a"] != 15 || got["c"] != 15 {
			t.Errorf("without b, got %v", got)
		}
	})
}

func TestRoundRobinFallbackKeepsTheTurn(t *testing.T) {
	r := router(t, config.RoundRobin, "a", "b")
	firsts := map[string]int{}
	for range 10 {
		var tried route.Tried
		a, id := next(t, r, &tried)
		firsts[id]++
		a.Abandon()
		b, other := next(t, r, &tried)
		b.Abandon()
		if other == id || other == "" {
			t.Fatalf("fell back from %s to %q", id, other)
		}
	}
	if firsts["a"] != 5 || firsts["b"] != 5 {
		t.Errorf("first attempts went %v", firsts)
	}
}

func TestWeightedRoundRobin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.WeightedRoundRobin, "a:8", "b:1", "c:1", "d:0")
		if got := share(t, r, 100); got["a"] != 80 || got["b"] != 10 || got["c"] != 10 {
			t.Errorf("got %v", got)
		}
		knockOut(t, r, "a")
		if got := share(t, r, 100); got["b"] != 50 || got["c"] != 50 {
			t.Errorf("without a, got %v", got)
		}
		knockOut(t, r, "b")
		knockOut(t, r, "c")
		if got := share(t, r, 10); got["d"] != 10 {
			t.Errorf("with the pure fallback alone, got %v", got)
		}
	})
}

func TestWeightedRoundRobinIsSmooth(t *testing.T) {
	r := router(t, config.WeightedRoundRobin, "a:2", "b:1")
	got := ""
	for range 6 {
		got += first(t, r)
	}
	if got != "abaaba" {
		t.Errorf("got %s, want no model longer in a row than needed", got)
	}
}

func TestLeastLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.LeastLatency, "slow", "fast", "medium")
		takes := map[string]time.Duration{"slow": 300 * time.Millisecond, "fast": 10 * time.Millisecond, "medium": 50 * time.Millisecond}
		ask := func(n int) map[string]int {
			got := map[string]int{}
			for range n {
				var tried route.Tried
				a, id := next(t, r, &tried)
				got[id]++
				a.Succeed(takes[id])
			}
			return got
		}
		if got := ask(9); got["slow"] != 3 || got["fast"] != 3 || got["medium"] != 3 {
			t.Errorf("warm-up went %v", got)
		}
		if got := ask(20); got["fast"] != 20 {
			t.Errorf("after the warm-up, got %v", got)
		}
		// The slow one has become the fastest. It is noticed, as old measurements expire.
		takes["slow"] = time.Millisecond
		for range 200 {
			time.Sleep(time.Second)
			ask(1)
		}
		time.Sleep(31 * time.Second)
		for range 400 {
			time.Sleep(31 * time.Second)
			ask(3)
		}
		if got := ask(10); got["slow"] < 7 {
			t.Errorf("after the change, got %v", got)
		}
		knockOut(t, r, "slow")
		if got := ask(10); got["slow"] != 0 || got["fast"] < 8 {
			t.Errorf("without the fastest, got %v", got)
		}
	})
}

func TestErrorBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a") // 2 failures a minute
		fail := func() bool {
			var tried route.Tried
			a, ok := r.Next(&tried, false)
			if ok {
				a.Fail()
			}
			return ok
		}
		if !fail() {
			t.Fatal("the model rests from the beginning")
		}
		time.Sleep(time.Minute) // the budget comes back
		if !fail() || !fail() {
			t.Fatal("the model rests within its budget")
		}
		if fail() {
			t.Fatal("the model is asked although the budget is spent")
		}
		rest, limited := r.Rest(0)
		if rest != 30*time.Second || limited {
			t.Errorf("rests for %s, limited %v, want half a minute", rest, limited)
		}
		time.Sleep(30 * time.Second)

		// One probe at a time, and a failed one opens the circuit again at once.
		var tried, other route.Tried
		probe, ok := r.Next(&tried, false)
		if _, second := r.Next(&other, false); !ok || second {
			t.Fatalf("probe %v, second probe %v", ok, second)
		}
		if rest, limited := r.Rest(0); rest != time.Second || limited {
			t.Errorf("rests for %s, limited %v, want a second for the probe", rest, limited)
		}
		probe.Fail()
		if fail() {
			t.Fatal("the model is asked right after a failed probe")
		}
		time.Sleep(30 * time.Second)
		if first(t, r) != "a" || first(t, r) != "a" {
			t.Error("the model does not come back after a good probe")
		}
	})
}

func TestAbandonedProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a")
		knockOut(t, r, "a")
		time.Sleep(time.Minute)
		var tried route.Tried
		probe, ok := r.Next(&tried, false)
		if !ok {
			t.Fatal("no probe")
		}
		probe.Abandon()
		if first(t, r) != "a" {
			t.Error("a client that left during the probe took the model out")
		}
	})
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a", "b")
		var tried route.Tried
		a, _ := next(t, r, &tried)
		a.Limit(10 * time.Second)
		b, _ := next(t, r, &tried)
		b.Limit(20 * time.Second)
		if got := first(t, r); got != "" {
			t.Errorf("%s is asked against the provider's wish", got)
		}
		if rest, limited := r.Rest(0); rest != 10*time.Second || !limited {
			t.Errorf("rests for %s, limited %v", rest, limited)
		}
		if rest, _ := r.Rest(1); rest != 20*time.Second {
			t.Errorf("without the first one, rests for %s", rest)
		}
		time.Sleep(10 * time.Second)
		if got := share(t, r, 5); !maps.Equal(got, map[string]int{"a": 5}) {
			t.Errorf("afterwards got %v", got)
		}
	})
}

// TestLimitStays lets requests fail that were on their way when the provider said how long to wait.
func TestLimitStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a") // 2 failures a minute
		var attempts []route.Attempt
		for range 3 {
			var tried route.Tried
			a, _ := next(t, r, &tried)
			attempts = append(attempts, a)
		}
		attempts[0].Limit(time.Hour)
		attempts[1].Fail()
		attempts[2].Fail()
		if rest, limited := r.Rest(0); rest != time.Hour || !limited {
			t.Errorf("rests for %s, limited %v", rest, limited)
		}
		time.Sleep(time.Hour)
		var tried, other route.Tried
		if _, probe := r.Next(&tried, false); !probe {
			t.Error("no probe after the hour")
		}
		if _, second := r.Next(&other, false); second {
			t.Error("a second request beside the probe")
		}
	})
}

// TestReload reads the same configuration again: models stay as they were, but for those
// whose credentials were rejected.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router(t, config.Priority, "a", "b", "c")
		knockOut(t, r, "b")
		var tried route.Tried
		a, _ := next(t, r, &tried)
		a.Reject()
		time.Sleep(29 * time.Second) // of the 30 that b rests
		if got := first(t, r); got != "c" {
			t.Errorf("before got %q", got)
		}
		again, err := route.NewRouter(parse(t, config.Priority, "b", "a", "c"), r)
		if err != nil {
			t.Fatal(err)
		}
		if got := first(t, again); got != "a" {
			t.Errorf("afterwards got %q", got)
		}
	})
}

func TestOnlyUnknown(t *testing.T) {
	if router(t, config.Priority, "a").Only("x") != nil {
		t.Error("got a router for a model that is not there")
	}
}
