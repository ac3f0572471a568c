package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/config"
)

func newHealth() *cobra.Command {
	var addr, cert, key string
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
			if addr == "" {
				addr = os.Getenv("GLIDE_ADDR")
			}
			if addr == "" {
				addr = string(config.Default().API.HTTP.ListenAddr)
			}
			// The environment's proxy would answer in the gateway's place. Who the gateway
			// is matters not, only how: its certificate is made for other names than this.
			transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			if cert != "" || key != "" {
				pair, err := tls.LoadX509KeyPair(cert, key)
				if err != nil {
					return fmt.Errorf("read the certificate: %w; name files in PEM by --cert and --key", err)
				}
				transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
			}
			if err := checkHealth(&http.Client{Timeout: 5 * time.Second, Transport: transport}, addr); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
	cmd.Flags().StringVarP(&addr, "addr", "a", "", "`host:port` of the gateway (default $GLIDE_ADDR)")
	cmd.Flags().StringVar(&cert, "cert", "", "`file` with a certificate to show")
	cmd.Flags().StringVar(&key, "key", "", "`file` with the certificate's key")
	return cmd
}

// checkHealth returns why the gateway at addr is not ready, or nil.
func checkHealth(client *http.Client, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError{fmt.Errorf("the address %q is not host:port; write it as 127.0.0.1:9099", addr)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // where one listens on every interface
	}
	addr = net.JoinHostPort(host, port)
	status, err := getStatus(client, "http://"+addr)
	if err == nil && status == http.StatusBadRequest {
		// So answers a server that wants encryption.
		status, err = getStatus(client, "https://"+addr)
	}
	if err != nil {
		return fmt.Errorf("no gateway answers on %s: %w; start one with glide serve, or name its address with --addr", addr, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("the gateway on %s is not ready: status %d; it is shutting down, or another program listens there", addr, status)
	}
	return nil
}

func getStatus(client *http.Client, url string) (int, error) {
	res, err := client.Get(url + "/v1/health/ready")
	if err != nil {
		if e, ok := errors.AsType[*neturl.Error](err); ok {
			err = e.Err
		}
		return 0, err
	}
	res.Body.Close()
	return res.StatusCode, nil
}
