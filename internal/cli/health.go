package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/config"
)

func newHealth() *cobra.Command {
	var addr, model string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running gateway whether it is ready",
		Long: `Ask a running gateway whether it is ready for requests, and with --chat a model for a
word. The status is 0 if it is and 1 if it is not, so that the command is a probe where
there is no shell and no curl.

The address is that of --addr or GLIDE_ADDR, else the built-in one.`,
		Example: `  glide health
  glide health --addr 127.0.0.1:8080
  glide health --chat default`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if addr == "" {
				addr = os.Getenv("GLIDE_ADDR")
			}
			if addr == "" {
				addr = string(config.Default().API.HTTP.ListenAddr)
			}
			addr, err := checkHealth(addr)
			if err != nil {
				return err
			}
			if model != "" {
				return chat(cmd.OutOrStdout(), addr, model)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
	cmd.Flags().StringVarP(&addr, "addr", "a", "", "`host:port` of the gateway (default $GLIDE_ADDR)")
	cmd.Flags().StringVar(&model, "chat", "", "ask a `model` for a word too, which costs a few tokens")
	return cmd
}

// checkHealth returns why the gateway at addr is not ready, or nil and the address of a
// client.
func checkHealth(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", usageError{fmt.Errorf("the address %q is not host:port; write it as 127.0.0.1:9099", addr)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // where one listens on every interface
	}
	addr = net.JoinHostPort(host, port)
	res, err := direct(5 * time.Second).Get("http://" + addr + "/v1/health/ready")
	if err != nil {
		return "", fmt.Errorf("no gateway answers on %s: %w; start one with glide serve, or name its address with --addr", addr, cause(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the gateway on %s is not ready: status %d; it is shutting down, or another program listens there", addr, res.StatusCode)
	}
	return addr, nil
}

// chat asks the model of the gateway at addr for a word and prints it.
func chat(out io.Writer, addr, model string) error {
	question, err := json.Marshal(map[string]any{
		"model": model, "max_completion_tokens": 16,
		"messages": []map[string]string{{"role": "user", "content": "Are you ready? Say yes."}},
	})
	if err != nil {
		return err
	}
	res, err := direct(2*time.Minute).Post("http://"+addr+"/v1/chat/completions", "application/json", bytes.NewReader(question))
	if err != nil {
		return fmt.Errorf("ask the model %s on %s: %w", model, addr, cause(err))
	}
	defer res.Body.Close()
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
		Error   struct{ Message string }
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	switch {
	case err != nil:
		return fmt.Errorf("the model %s on %s answers with status %d and no JSON: %w; look whether the gateway listens there", model, addr, res.StatusCode, err)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("the model %s on %s answers with status %d: %s", model, addr, res.StatusCode, answer.Error.Message)
	case len(answer.Choices) == 0:
		return fmt.Errorf("the model %s on %s answers without a choice", model, addr)
	}
	fmt.Fprintln(out, answer.Choices[0].Message.Content)
	return nil
}

// direct returns a client that goes past the environment's proxy, which would answer in the
// gateway's place.
func direct(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
}

// cause returns what a client's error is without the method and the address.
func cause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
