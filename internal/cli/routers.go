package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/gateway"
)

func newRouters() *cobra.Command {
	var v view
	cmd := &cobra.Command{
		Use:   "routers",
		Short: "Show how the routers of a running gateway are",
		Long: `Show the routers of a running gateway and their models: the state of each, the moving
averages of its latency, its share of the router's requests and the share of these that
failed through it. Requests are those since the gateway's start.

The address is that of --addr or GLIDE_ADDR, else the built-in one. Where the gateway asks
for a key, GLIDE_API_KEY is it, and the routers are those that it may use.`,
		Example: `  glide routers
  glide routers --watch=5s
  glide routers --json | jq '.routers[].models[] | select(.state != "ready")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			if err := v.run(ctx, cmd.OutOrStdout()); err != nil && ctx.Err() == nil {
				return err
			}
			return nil
		},
	}
	v.flag(cmd)
	cmd.Flags().BoolVar(&v.json, "json", false, "print the answer of GET /v1/language, one line each time")
	cmd.Flags().DurationVarP(&v.every, "watch", "w", 0, "show them again at this `interval` until interrupted (Ctrl-C)")
	cmd.Flags().Lookup("watch").NoOptDefVal = "1s"
	return cmd
}

// A view shows the routers of a gateway.
type view struct {
	client
	json  bool
	every time.Duration // between two looks; 0 for a single one
}

// run shows the routers on out, once or until ctx ends. A terminal shows them in place, and
// goes on when the gateway is away for a time.
func (v *view) run(ctx context.Context, out io.Writer) error {
	if err := v.resolve(); err != nil {
		return err
	}
	v.http.Timeout = 10 * time.Second // far more than it takes to answer
	text, err := v.look(ctx)
	if err != nil {
		return err
	}
	if v.every <= 0 {
		_, err := out.Write(text)
		return err
	}
	redraw := !v.json && redraws(out)
	tick := time.NewTicker(v.every)
	defer tick.Stop()
	for {
		if redraw {
			text = v.frame(text, err)
		} else if err != nil {
			return err
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if text, err = v.look(ctx); ctx.Err() != nil {
				return nil
			}
		}
	}
}

// frame returns what shows text, or else why there is none, from the top of a terminal in
// place of what is there, without a blank moment.
func (v *view) frame(text []byte, err error) []byte {
	if err != nil {
		text = fmt.Append(nil, "glide: ", err, "\n")
	}
	text = fmt.Appendf(nil, "%s at %s\n\n%s", v.addr, time.Now().Format(time.TimeOnly), text)
	text = bytes.ReplaceAll(text, []byte("\n"), []byte("\x1b[K\n"))
	return fmt.Appendf(nil, "\x1b[H%s\x1b[J", text)
}

// look returns the routers as they are now, as a table or as JSON.
func (v *view) look(ctx context.Context) ([]byte, error) {
	var answer json.RawMessage
	if err := v.get(ctx, "/v1/language", &answer); err != nil {
		return nil, err
	}
	if v.json {
		return append(answer, '\n'), nil
	}
	var list gateway.RouterList
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("the gateway on %s lists its routers in an unknown form: %w; use the glide of its version", v.addr, err)
	}
	return table(&list), nil
}

func table(list *gateway.RouterList) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROUTER\tMODEL\tPROVIDER\tHEALTH\tFIRST TOKEN\tANSWER\tREQUESTS\tSHARE\tERRORS")
	for _, r := range list.Routers {
		for _, m := range r.Models {
			health := m.State
			if m.RetryAfter > 0 {
				health += " " + duration(m.RetryAfter)
			}
			t := m.Traffic
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.ID, m.ID, m.Provider, health,
				duration(m.Latency.FirstToken), duration(m.Latency.Answer), t.Requests, percent(t.Share), percent(t.ErrorShare))
		}
	}
	// A buffer takes everything.
	_ = w.Flush()
	return b.Bytes()
}

// duration writes seconds in three digits, and those that are not known as a dash.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d == 0:
		return "-"
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func percent(share float64) string {
	if share > 0 && share < 0.001 {
		return "<0.1%"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*share), ".0") + "%"
}
