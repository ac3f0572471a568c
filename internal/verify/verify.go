// Package verify compares what the public gets of a release with one that was made again from the
// source. It looks at the channels as package publish does, without a secret, and reads every byte, and
// has cosign check who signed it.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/publish"
)

// A Verdict is what was found of one thing that is published.
type Verdict string

// Only a release of which nothing is Missing, Different or Unread is verified.
const (
	Same      Verdict = "same"
	Missing   Verdict = "missing"
	Different Verdict = "different"
	Unread    Verdict = "not read" // no answer, or none that can be understood
	Unchecked Verdict = "not checked"
)

// A Row is a line of a report.
type Row struct {
	Channel string  `json:"channel"`
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
}

// A Report says of everything that is published whether it is what the source makes.
type Report struct {
	Version string `json:"version"`
	Source  string `json:"source"`
	Rows    []Row  `json:"rows"`
}

// Err returns an error that names everything that is wrong, nil if nothing is.
func (r *Report) Err() error {
	var errs []error
	for _, row := range r.Rows {
		if row.Verdict != Same && row.Verdict != Unchecked {
			errs = append(errs, fmt.Errorf("%s: %s is %s: %s", row.Channel, row.Name, row.Verdict, row.Detail))
		}
	}
	return errors.Join(errs...)
}

// Run compares a release that was made again with what its channels have.
func Run(ctx context.Context, rebuilt *publish.Release, channels []publish.Channel) *Report {
	report := &Report{Version: rebuilt.Version, Source: rebuilt.Source}
	rows := make([][]Row, len(channels))
	var group sync.WaitGroup
	for i, channel := range channels {
		group.Go(func() { rows[i] = compare(ctx, rebuilt, channel) })
	}
	group.Wait()
	report.Rows = slices.Concat(rows...)
	return report
}

func compare(ctx context.Context, rebuilt *publish.Release, channel publish.Channel) []Row {
	if len(rebuilt.For(channel.Name())) == 0 {
		return []Row{{channel.Name(), channel.Place(), Unchecked, "nothing of it was made again"}}
	}
	stages, err := channel.Plan(ctx)
	if err != nil {
		return []Row{{channel.Name(), channel.Place(), Unread, err.Error()}}
	}
	items := slices.Concat(stages...)
	rows := make([]Row, len(items))
	var group errgroup.Group
	group.SetLimit(8)
	for i, item := range items {
		group.Go(func() error {
			rows[i] = row(ctx, rebuilt, item)
			rows[i].Channel = channel.Name()
			return nil
		})
	}
	_ = group.Wait() // errors are in the rows
	return rows
}

func row(ctx context.Context, rebuilt *publish.Release, item publish.Item) Row {
	r := Row{Name: item.Name, Verdict: Same, Detail: item.Detail}
	var check error
	if item.Check != nil {
		check = item.Check(ctx)
	}
	var content *publish.ContentError
	switch {
	case errors.As(check, &content):
		defer os.Remove(content.Got)
		r.Verdict, r.Detail = Different, firstDifference(content.Got, content.Want)
		if partly(rebuilt, item.Name, content.Got) {
			r.Verdict, r.Detail = Unchecked, "all that was made again is in it"
		}
	case check != nil:
		r.Verdict, r.Detail = Different, check.Error()
	case item.State == publish.Absent:
		r.Verdict, r.Detail = Missing, "the channel does not have it"
	case item.State == publish.Different && item.Name == chart.Name(rebuilt.Version) && len(rebuilt.For("helm")) == 0:
		r.Verdict, r.Detail = Unchecked, "the chart was not made again"
	case item.State == publish.Different:
		r.Verdict = Different
	}
	return r
}

// partly tells whether a published list names all that was made again, and what was not is the images
// or the chart, which takes Nix or Helm.
func partly(rebuilt *publish.Release, name, got string) bool {
	if len(rebuilt.For("oci")) > 0 && len(rebuilt.For("helm")) > 0 {
		return false
	}
	if name == dist.SumsFile {
		return true // it has no more to say than the list, and the sum of that
	}
	text, err := os.ReadFile(got)
	if err != nil || name != manifest.File {
		return false
	}
	published, err := manifest.Parse(text)
	if err != nil {
		return false
	}
	for _, a := range published.Artifacts {
		at := slices.IndexFunc(rebuilt.Artifacts, func(b manifest.Artifact) bool { return a.Name == b.Name })
		if at < 0 && a.Kind != "image" && a.Kind != "chart" || at >= 0 && rebuilt.Artifacts[at].SHA256 != a.SHA256 {
			return false
		}
	}
	return published.Version == rebuilt.Version
}
