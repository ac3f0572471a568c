package cli

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func newHealth() *cobra.Command {
	var c client
	var cert, key string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running gateway whether it is ready",
		Long: `Ask a running gateway whether it is ready for requests. The status is 0 if it is and 1
if it is not, so that the command is a probe where there is no shell and no curl.

The address is that of --addr or GLIDE_ADDR, else the built-in one. A gateway that wants
certificates of its clients gets the one of --cert and --key.`,
		Example: `  glide health
  glide health --addr 127.0.0.1:8080
  glide health --cert probe.crt --key probe.key`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.resolve(); err != nil {
				return err
			}
			// Who the gateway is matters not, only how: its certificate is made for other names than
			// this. So it is told no key.
			c.key = ""
			c.http.Timeout = 5 * time.Second
			c.transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
			if cert != "" || key != "" {
				pair, err := tls.LoadX509KeyPair(cert, key)
				if err != nil {
					return fmt.Errorf("read the certificate: %w; name files in PEM by --cert and --key", err)
				}
				c.transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
			}
			status, err := c.ready(cmd.Context())
			if err == nil && status == http.StatusBadRequest && c.scheme == "http" {
				// So answers a server that wants encryption.
				c.scheme = "https"
				status, err = c.ready(cmd.Context())
			}
			if err != nil {
				return err
			}
			if status != http.StatusOK {
				return fmt.Errorf("the gateway on %s is not ready: status %d; it is shutting down, or another program listens there", c.addr, status)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
	c.flag(cmd)
	cmd.Flags().StringVar(&cert, "cert", "", "`file` with a certificate to show")
	cmd.Flags().StringVar(&key, "key", "", "`file` with the certificate's key")
	return cmd
}
