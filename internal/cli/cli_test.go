package cli_test

import (
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/cli"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/gateway"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"glide": func() { os.Exit(cli.Run(os.Args[1:])) }})
}

// TestScript runs the command lines of testdata/script. A script may use the address
// $TAKEN, on which something listens that is not Glide, and $GATEWAY, on which Glide does
// with the built-in configuration.
func TestScript(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	server := serve(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TAKEN", ln.Addr().String())
			env.Setenv("GATEWAY", server.Listener.Addr().String())
			_, port, err := net.SplitHostPort(ln.Addr().String())
			env.Setenv("TAKEN_PORT", port)
			return err
		},
	})
}

// serve starts a gateway with the built-in configuration.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	g, err := gateway.New(config.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	return server
}

// TestTree checks what holds for every command: it has a sentence and an example.
func TestTree(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s has no description, or no example of itself", cmd.CommandPath())
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(cli.New())
}
