// Package verify compares what the public gets of a release with one that was made again from the
// source. It looks at the channels as package publish does, without a secret, and reads every byte, and
// has cosign check who signed it.
package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"reflect"
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

// Err returns an error that names everything that is wrong, nil if nothing is. To have compared nothing is wrong too.
func (r *Report) Err() error {
	var errs []error
	if !slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Verdict == Same }) {
		errs = append(errs, errors.New("nothing that is published was found to be the same"))
	}
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
	// A folder gets all there is.
	if len(rebuilt.For(channel.Name())) == 0 && channel.Name() != "dir" {
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
	var unanswered *url.Error
	switch {
	case errors.As(check, &content):
		defer os.Remove(content.Got)
		r.Verdict, r.Detail = Different, firstDifference(content.Got, content.Want)
		if partly(rebuilt, item.Name, content.Got) {
			r.Verdict, r.Detail = Unchecked, "all that was made again is in it"
		}
	case errors.As(check, &unanswered):
		r.Verdict, r.Detail = Unread, check.Error()
	case check != nil:
		r.Verdict, r.Detail = Different, check.Error()
	case item.State == publish.Absent:
		r.Verdict, r.Detail = Missing, "the channel does not have it"
	case item.State == publish.Different && item.Name == chart.Name(rebuilt.Version) && len(rebuilt.For("helm")) == 0:
		r.Verdict, r.Detail = Unchecked, "the chart was not made again"
	case item.State == publish.Different:
		r.Verdict = Different
	case item.Detail != "":
		r.Verdict = Unchecked
	}
	return r
}

// partly tells whether a published list says of all that was made again what that is, and besides names only
// images or the chart, which take Nix or Helm to make.
func partly(rebuilt *publish.Release, name, got string) bool {
	if len(rebuilt.For("oci")) > 0 && len(rebuilt.For("helm")) > 0 {
		return false
	}
	text, err := os.ReadFile(got)
	if err != nil {
		return false
	}
	switch name {
	case manifest.File:
		published, err := manifest.Parse(text)
		if err != nil {
			return false
		}
		published.Artifacts = slices.DeleteFunc(published.Artifacts, func(a manifest.Artifact) bool {
			made := slices.ContainsFunc(rebuilt.Artifacts, func(b manifest.Artifact) bool { return a.Name == b.Name })
			return !made && (a.Kind == "image" || a.Kind == "chart")
		})
		return reflect.DeepEqual(published, rebuilt.Manifest)
	case dist.SumsFile:
		published := dist.ParseSums(text)
		made, err := dist.ReadSums(rebuilt.Dir)
		if err != nil {
			return false
		}
		if name := chart.Name(rebuilt.Version); made[name] == "" {
			delete(published, name)
		}
		// The other list is another one, as its own row says.
		delete(published, manifest.File)
		delete(made, manifest.File)
		return maps.Equal(published, made)
	}
	return false
}
