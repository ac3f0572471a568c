package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func newHealth() *cobra.Command {
	var c client
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
			if err := c.resolve(); err != nil {
				return err
			}
			c.http.Timeout = 5 * time.Second
			res, err := c.do(cmd.Context(), http.MethodGet, "/v1/health/ready", nil)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("the gateway on %s is not ready: status %d; it is shutting down, or another program listens there", c.addr, res.StatusCode)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
	c.flag(cmd)
	return cmd
}
