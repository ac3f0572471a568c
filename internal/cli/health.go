package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/config"
)

func newHealth() *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running gateway whether it is ready",
		Long: `Ask a running gateway whether it is ready for requests. The status is 0 if it is and 1
if it is not, so that the command is a probe where there is no shell and no curl.

The address is that of --addr or GLIDE_ADDR, else the built-in one.`,
		Example: `  glide health
  glide health --addr 127.0.0.1:8080`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if addr == "" {
				addr = os.Getenv("GLIDE_ADDR")
			}
			if addr == "" {
				addr = string(config.Default().API.HTTP.ListenAddr)
			}
			if err := checkHealth(addr); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
	cmd.Flags().StringVarP(&addr, "addr", "a", "", "`host:port` of the gateway (default $GLIDE_ADDR)")
	return cmd
}

// checkHealth returns why the gateway at addr is not ready, or nil.
func checkHealth(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError{fmt.Errorf("the address %q is not host:port; write it as 127.0.0.1:9099", addr)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // where one listens on every interface
	}
	addr = net.JoinHostPort(host, port)
	// The environment's proxy would answer in the gateway's place.
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + addr + "/v1/health/ready")
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return fmt.Errorf("no gateway answers on %s: %w; start one with glide serve, or name its address with --addr", addr, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway on %s is not ready: status %d; it is shutting down, or another program listens there", addr, res.StatusCode)
	}
	return nil
}
