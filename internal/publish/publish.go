// Package publish brings a release to its channels, by one rule: look what a channel has, and put
// there what it lacks. What is equal is left alone, and what is different stops the channel before
// anything is written, since nothing that was published is ever changed.
//
// All state is at the channels. So a run may end at any moment, and the next one takes up what it
// left; a run after a complete one changes nothing. A rehearsal is the same with another place.
package publish

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A State is what a channel has in the place of an item.
type State string

// An item is absent also where what moves, such as a tag, still stands for an older version.
const (
	Absent    State = "absent"
	Equal     State = "equal"
	Different State = "different"
)

// An Item is what a channel can have or lack: an asset, an image, a tag, a formula.
type Item struct {
	Name   string
	Size   int64 // of what is transferred at most, bytes
	State  State
	Detail string // what is there instead, if it is different, or not compared
	// Put brings the item to the channel. It may have happened, in part or whole, even if it fails.
	Put func(context.Context) error
	// Check reads what the public gets and compares every byte; nil where nobody can.
	Check func(context.Context) error
}

// A Stage is items that are put at the same time. A stage begins when the one before is complete.
type Stage []Item

// A glance finds out about one item, whose name it returns with an error too.
type glance func(context.Context) (Item, error)

// maxGlances is how many items of a channel are looked at at the same time.
const maxGlances = 16

// look finds out about all items of some stages, and keeps their order.
func look(ctx context.Context, at ...[]glance) ([]Stage, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxGlances)
	stages := make([]Stage, len(at))
	for i, glances := range at {
		stages[i] = make(Stage, len(glances))
		for j, glance := range glances {
			group.Go(func() error {
				item, err := glance(ctx)
				if err != nil {
					return fmt.Errorf("%s: %w", item.Name, err)
				}
				stages[i][j] = item
				return nil
			})
		}
	}
	return stages, group.Wait()
}

// A Channel is a place that a release is published to.
type Channel interface {
	// Name returns the channel's name in release.json.
	Name() string
	// Place says where it is, for people.
	Place() string
	// Plan compares the channel with the release. It changes nothing. The last stage is what
	// makes the release visible, or the newest: it is put only by a plan that found nothing else absent.
	Plan(context.Context) ([]Stage, error)
}

// A Publisher publishes to channels at the same time.
type Publisher struct {
	Jobs    int           // how many items are put at the same time, over all channels
	Tries   int           // how often a channel is tried again without any progress
	Backoff time.Duration // before the first of those, doubled for each further one
	DryRun  bool          // only look
	Report  func(Event)   // gets what happens, one call at a time; may be nil
}

// An Event is something that happened at a channel.
type Event struct {
	Channel string
	Text    string
}

// A Result is what became of a channel.
type Result struct {
	Channel string
	Place   string
	Items   []Item // as they were last seen
	Put     int    // how many were brought there
	Err     error
}

// ErrNotBegun says that a channel was left alone, since it would point to what another one lacks.
var ErrNotBegun = errors.New("not begun")

// Run publishes to all channels and returns a result for each, in their order. A channel that points to
// what others of them have comes after those, and is not begun if one fails; otherwise none waits for
// another or fails with it.
func (p *Publisher) Run(ctx context.Context, channels []Channel) []Result {
	results := make([]Result, len(channels))
	done := make([]chan struct{}, len(channels))
	for i := range channels {
		done[i] = make(chan struct{})
	}
	// failed returns which of those that a channel comes after have failed, once all of them are done.
	failed := func(channel Channel) (names []string) {
		for i, other := range channels {
			if p.DryRun || !slices.Contains(kinds[channel.Name()].after, other.Name()) {
				continue
			}
			if <-done[i]; results[i].Err != nil {
				names = append(names, other.Name())
			}
		}
		return names
	}
	run := &run{Publisher: p, slots: make(chan struct{}, p.Jobs)}
	var group sync.WaitGroup
	for i, channel := range channels {
		group.Go(func() {
			defer close(done[i])
			if names := failed(channel); len(names) > 0 {
				err := fmt.Errorf("%s: %w: %s failed", channel.Name(), ErrNotBegun, strings.Join(names, ", "))
				results[i] = Result{Channel: channel.Name(), Place: channel.Place(), Err: err}
				return
			}
			results[i] = run.channel(ctx, channel)
		})
	}
	group.Wait()
	return results
}

type run struct {
	*Publisher
	slots chan struct{}
	mu    sync.Mutex
}

func (r *run) say(c Channel, format string, args ...any) {
	if r.Report == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Report(Event{c.Name(), fmt.Sprintf(format, args...)})
}

// channel looks and puts until nothing is absent, or nothing moves on any more.
func (r *run) channel(ctx context.Context, c Channel) Result {
	result := Result{Channel: c.Name(), Place: c.Place()}
	fail := func(err error) Result {
		result.Err = fmt.Errorf("%s: %w", c.Name(), err)
		return result
	}
	least := math.MaxInt
	for failures := 0; ; {
		stages, err := c.Plan(ctx)
		if err == nil {
			result.Items = slices.Concat(stages...)
			absent, different := count(result.Items)
			if different != nil {
				return fail(different)
			}
			if r.DryRun || absent == 0 {
				r.say(c, "%d items, %d absent", len(result.Items), absent)
				return result
			}
			if absent < least {
				least, failures = absent, 0
			}
			r.say(c, "%d items, %d absent", len(result.Items), absent)
			put, putErr := r.put(ctx, c, stages)
			result.Put += put
			err = putErr
		}
		if ctx.Err() != nil {
			return fail(context.Cause(ctx))
		}
		if err != nil && permanent(err) {
			return fail(err)
		}
		if failures++; failures > r.Tries {
			if err == nil {
				err = fmt.Errorf("what was put is still absent: %s", names(result.Items, Absent))
			}
			return fail(err)
		}
		if err == nil && failures == 1 {
			continue // all was put: look whether it is there
		}
		wait := max(retryAfter(err), r.backoff(failures))
		r.say(c, "again in %s: %v", wait.Round(time.Millisecond), err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// backoff returns how long to wait after some failures, give or take a half, so that two publishers
// don't meet again and again.
func (p *Publisher) backoff(failures int) time.Duration {
	wait := p.Backoff << min(failures-1, 10)
	return wait/2 + rand.N(wait+1)
}

// put puts the absent items of a stage after the other and returns how many it has put. If there
// were any before the last stage, that is left to the next look: much may have happened at the
// channel meanwhile.
func (r *run) put(ctx context.Context, c Channel, stages []Stage) (int, error) {
	total := 0
	for i, stage := range stages {
		if i == len(stages)-1 && total > 0 {
			break
		}
		put, err := r.putStage(ctx, c, stage)
		if total += put; err != nil {
			return total, err
		}
	}
	return total, nil
}

func (r *run) putStage(ctx context.Context, c Channel, stage Stage) (total int, err error) {
	var mu sync.Mutex
	var errs []error
	var group sync.WaitGroup
	for _, item := range stage {
		if item.State != Absent {
			continue
		}
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		group.Go(func() {
			defer func() { <-r.slots }()
			err := item.Put(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", item.Name, err))
				return
			}
			total++
			r.say(c, "put %s", item)
		})
	}
	group.Wait()
	return total, errors.Join(append(errs, context.Cause(ctx))...)
}

// String returns the item's name, with its size if that matters.
func (i Item) String() string {
	if i.Size < 1e5 {
		return i.Name
	}
	return fmt.Sprintf("%s (%.1f MB)", i.Name, float64(i.Size)/1e6)
}

// count returns how many items are absent, and an error of those that are different.
func count(items []Item) (absent int, different error) {
	var errs []error
	for _, item := range items {
		switch item.State {
		case Absent:
			absent++
		case Different:
			errs = append(errs, fmt.Errorf("%s is there already and different: %s; nothing that was published is changed, so make a new version", item.Name, item.Detail))
		}
	}
	return absent, errors.Join(errs...)
}

func names(items []Item, state State) string {
	var all []string
	for _, item := range items {
		if item.State == state {
			all = append(all, item.Name)
		}
	}
	return strings.Join(all, ", ")
}
