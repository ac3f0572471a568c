package cli_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/cli"
)

// watch runs glide routers --watch until ctx ends or it fails.
func watch(ctx context.Context, out io.Writer, addr string, args ...string) error {
	cmd := cli.New()
	cmd.SetArgs(append([]string{"routers", "--watch=1ms", "--addr", addr}, args...))
	cmd.SetOut(out)
	return cmd.ExecuteContext(ctx)
}

// An observer is told each text that is written.
type observer func(text string)

func (o observer) Write(p []byte) (int, error) {
	o(string(p))
	return len(p), nil
}

// TestRoutersWatch looks again and again, at a gateway that goes away in the end.
func TestRoutersWatch(t *testing.T) {
	for name, args := range map[string][]string{"table": nil, "json": {"--json"}} {
		t.Run(name, func(t *testing.T) {
			server := serve(t)
			addr := server.Listener.Addr().String()
			ctx, interrupt := context.WithCancel(t.Context())
			looks := 0
			err := watch(ctx, observer(func(text string) {
				if !strings.Contains(text, "simulated") {
					t.Errorf("got %q", text)
				}
				if looks++; looks == 3 {
					interrupt()
				}
			}), addr, args...)
			if err != nil || looks != 3 {
				t.Errorf("interrupted at the third look, it ended after %d with %v", looks, err)
			}
			err = watch(t.Context(), observer(func(string) { server.Close() }), addr, args...)
			if err == nil || !strings.Contains(err.Error(), "no gateway answers on "+addr) {
				t.Errorf("without a gateway it ended with %v", err)
			}
		})
	}
}
