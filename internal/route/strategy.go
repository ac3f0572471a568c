package route

import (
	"time"

	"github.com/einstack/glide/internal/config"
)

// A strategy chooses among the models that are well. Its methods are called under the
// router's lock.
type strategy interface {
	// pick returns one of the candidates.
	pick(p *pick) int
}

// A pick is what a strategy may go by.
type pick struct {
	models     []*Model
	candidates []int // indices of models, ascending, never empty
	first      bool  // whether this is the first attempt of a request
	stream     bool
	now        time.Time
}

func newStrategy(s config.Strategy, models int) strategy {
	switch s {
	case config.RoundRobin:
		return &roundRobin{}
	case config.WeightedRoundRobin:
		return &weightedRoundRobin{current: make([]int, models)}
	case config.LeastLatency:
		return &leastLatency{}
	default:
		return priority{}
	}
}

// priority takes the models in the order of the configuration.
type priority struct{}

func (priority) pick(p *pick) int { return p.candidates[0] }

// roundRobin takes the models in turn. The turn passes over models that are not well
// evenly: their share goes to all others, not to the next in line alone.
type roundRobin struct{ turn uint64 }

func (s *roundRobin) pick(p *pick) int {
	if p.first {
		s.turn++
	}
	return p.candidates[s.turn%uint64(len(p.candidates))]
}

// weightedRoundRobin spreads requests by weight, as evenly in time as possible: each
// model gains its weight at every pick, the richest is taken and pays the sum.
type weightedRoundRobin struct{ current []int }

func (s *weightedRoundRobin) pick(p *pick) int {
	best, sum := -1, 0
	for _, i := range p.candidates {
		weight := p.models[i].Config.Weight
		if weight == 0 {
			continue
		}
		sum += weight
		if s.current[i] += weight; best < 0 || s.current[i] > s.current[best] {
			best = i
		}
	}
	if best < 0 {
		return p.candidates[0] // only pure fallbacks are left
	}
	s.current[best] -= sum
	return best
}

// leastLatency takes the fastest model. It measures the ones it knows too little about
// first, and a slow one again when its measurement is old.
type leastLatency struct{ turn uint64 }

func (s *leastLatency) pick(p *pick) int {
	var buf [config.MaxModels]int
	cold := buf[:0]
	best, stalest := -1, -1
	for _, i := range p.candidates {
		l := p.latency(i)
		switch {
		case !l.warm():
			cold = append(cold, i)
		case best < 0 || l.average() < p.latency(best).average():
			best = i
		}
		if due := l.wanted(); due.Before(p.now) && (stalest < 0 || due.Before(p.latency(stalest).wanted())) {
			stalest = i
		}
	}
	chosen := best
	switch {
	case len(cold) > 0:
		s.turn++
		chosen = cold[s.turn%uint64(len(cold))]
	case stalest >= 0:
		chosen = stalest
	}
	p.latency(chosen).schedule(p.now)
	return chosen
}

func (p *pick) latency(i int) *latency { return &p.models[i].latency[index(p.stream)] }
