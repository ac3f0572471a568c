package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/publish"
)

func newPublish() *cobra.Command {
	var from, notes string
	var to []string
	var asJSON, bare bool
	publisher := publish.Publisher{}
	cmd := &cobra.Command{
		Use:   "publish --to CHANNEL[=PLACE],...",
		Short: "Bring a release to its channels",
		Long: `Publish brings to each channel what it lacks of a release, in an order in which nothing is
visible before it is complete, and looks then whether it is there. It may be ended at any
moment and run again: what is equal is left alone. What is there and different stops the
channel, since nothing that was published is ever changed. Channels don't wait for one
another, but for those whose files or images they point to; if one fails, all that point
nowhere else go on, and the exit status says so at the end.

The channels are ` + strings.Join(publish.Names(), ", ") + `. Each has its usual
place, for which another can be named, such as dir=FOLDER, oci=REGISTRY/REPOSITORY,
homebrew=GIT-URL, github=https://api.github.com/repos/OWNER/NAME or, with a list of charts that is
served at a URL, helm="REGISTRY GIT-URL#BRANCH URL".

Secrets are in the environment, as NAME or in a file that NAME_FILE names: GITHUB_TOKEN,
REGISTRY_USER and REGISTRY_PASSWORD (or what docker login left), HOMEBREW_TAP_TOKEN,
SCOOP_BUCKET_TOKEN, SNAPCRAFT_STORE_CREDENTIALS, CHOCOLATEY_API_KEY.`,
		Example: `  release publish --from result --to dir=/tmp/rehearsal
  release publish --from result --to github,oci,helm --notes notes.md --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if publisher.Jobs < 1 {
				return fmt.Errorf("--jobs %d: nothing would be transferred; say 1 at least", publisher.Jobs)
			}
			release, done, err := openRelease(from)
			if err != nil {
				return err
			}
			defer done()
			release.Bare = bare
			if notes != "" {
				text, err := os.ReadFile(notes)
				if err != nil {
					return err
				}
				release.Notes = string(text)
			}
			channels, err := publish.Open(release, to)
			if err != nil {
				return err
			}
			if err := release.Check(channels); err != nil {
				return err
			}
			publisher.Report = reporter(cmd.ErrOrStderr())
			results := publisher.Run(cmd.Context(), channels)
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), results)
			} else {
				err = printResults(cmd.OutOrStdout(), results, publisher.DryRun)
			}
			errs := []error{err}
			for _, r := range results {
				errs = append(errs, r.Err)
			}
			return errors.Join(errs...)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "result", "folder of the release")
	flags.StringSliceVar(&to, "to", nil, "channel, or CHANNEL=PLACE; may be repeated")
	flags.StringVar(&notes, "notes", "", "file with the text of the GitHub release")
	flags.BoolVar(&bare, "bare", false, "let the GitHub release be without notes or signature, for good")
	flags.BoolVar(&publisher.DryRun, "dry-run", false, "only say what is absent, equal or different")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	flags.IntVar(&publisher.Jobs, "jobs", 8, "how many things are transferred at the same time")
	flags.IntVar(&publisher.Tries, "tries", 5, "how often a channel is tried again without any progress")
	flags.DurationVar(&publisher.Backoff, "backoff", time.Second, "how long to wait before that, doubled each time")
	required(cmd, "to")
	return cmd
}

// openRelease reads the release in a folder. The function that it returns removes what publishing
// leaves on the machine.
func openRelease(dir string) (*publish.Release, func(), error) {
	m, err := manifest.Read(dir)
	if err != nil {
		return nil, nil, err
	}
	// What nix build leaves is a link.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, nil, err
	}
	scratch, err := os.MkdirTemp("", "glide-release-*")
	if err != nil {
		return nil, nil, err
	}
	return &publish.Release{Manifest: m, Dir: dir, Scratch: scratch}, func() { _ = os.RemoveAll(scratch) }, nil
}

// reporter returns a printer of events: on a terminal in one line for each channel's last one, elsewhere
// line by line.
func reporter(w io.Writer) func(publish.Event) {
	terminal := false
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	var order []string
	last := map[string]string{}
	return func(e publish.Event) {
		if !terminal {
			fmt.Fprintf(w, "%s: %s\n", e.Channel, e.Text)
			return
		}
		if len(order) > 0 {
			fmt.Fprintf(w, "\x1b[%dA", len(order)) // up to the first line
		}
		if _, known := last[e.Channel]; !known {
			order = append(order, e.Channel)
		}
		last[e.Channel], _, _ = strings.Cut(e.Text, "\n")
		for _, channel := range order {
			fmt.Fprintf(w, "\r\x1b[K%-12s%.100s\n", channel, last[channel])
		}
	}
}

func printResults(out io.Writer, results []publish.Result, items bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range results {
		states := map[publish.State]int{}
		for _, item := range r.Items {
			states[item.State]++
			if items {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Channel, item.State, item, item.Detail)
			}
		}
		end := "complete"
		switch {
		case errors.Is(r.Err, publish.ErrNotBegun):
			end = "not begun"
		case r.Err != nil:
			end = "failed"
		case states[publish.Absent] > 0:
			end = "to do"
		}
		fmt.Fprintf(w, "%s\t%s\t%d put, %d equal, %d absent, %d different\t%s\n",
			r.Channel, end, r.Put, states[publish.Equal], states[publish.Absent], states[publish.Different], r.Place)
	}
	return w.Flush()
}

func printJSON(out io.Writer, results []publish.Result) error {
	type item struct {
		Name   string        `json:"name"`
		State  publish.State `json:"state"`
		Detail string        `json:"detail,omitempty"`
	}
	type result struct {
		Channel string `json:"channel"`
		Place   string `json:"place"`
		Put     int    `json:"put"`
		Error   string `json:"error,omitempty"`
		Items   []item `json:"items"`
	}
	all := []result{}
	for _, r := range results {
		line := result{Channel: r.Channel, Place: r.Place, Put: r.Put, Items: []item{}}
		if r.Err != nil {
			line.Error = r.Err.Error()
		}
		for _, i := range r.Items {
			line.Items = append(line.Items, item{i.Name, i.State, i.Detail})
		}
		all = append(all, line)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
