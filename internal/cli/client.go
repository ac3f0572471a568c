package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/config"
)

// A client talks to a running gateway for a command.
type client struct {
	addr      string // host:port
	scheme    string // http or https
	key       string // of the client; empty for none
	http      http.Client
	transport *http.Transport // of http
}

// flag adds the flag that names the gateway.
func (c *client) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&c.addr, "addr", "a", "", "`host:port` of the gateway, with https:// before it if that is encrypted (default $GLIDE_ADDR)")
}

// resolve settles which gateway is meant, and takes the client's key from GLIDE_API_KEY.
func (c *client) resolve() error {
	if c.addr == "" {
		c.addr = os.Getenv("GLIDE_ADDR")
	}
	if c.addr == "" {
		c.addr = string(config.Default().API.HTTP.ListenAddr)
	}
	c.scheme = "http"
	if addr, ok := strings.CutPrefix(c.addr, "https://"); ok {
		c.addr, c.scheme = strings.TrimSuffix(addr, "/"), "https"
	}
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return usageError{fmt.Errorf("the address %q is not host:port; write it as 127.0.0.1:9099", c.addr)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // where one listens on every interface
	}
	c.addr = net.JoinHostPort(host, port)
	c.key = os.Getenv("GLIDE_API_KEY")
	// The environment's proxy would answer in the gateway's place.
	c.transport = &http.Transport{DisableKeepAlives: true}
	c.http.Transport = c.transport
	return nil
}

// do sends a request. The status of the answer may be any.
func (c *client) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.scheme+"://"+c.addr+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("no gateway answers on %s: %w; start one with glide serve, or name its address with --addr", c.addr, err)
	}
	return res, nil
}

// answer sends a request and returns the answer, or what it says of why it is none.
func (c *client) answer(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	res, err := c.do(ctx, method, path, body)
	if err != nil || res.StatusCode == http.StatusOK {
		return res, err
	}
	defer res.Body.Close()
	var refusal struct{ Error refusal }
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || json.Unmarshal(text, &refusal) != nil || refusal.Error.Message == "" {
		return nil, fmt.Errorf("the gateway on %s answered %s: is it Glide?", c.addr, res.Status)
	}
	return nil, fmt.Errorf("the gateway on %s answered %d: %w", c.addr, res.StatusCode, refusal.Error)
}

// ready returns the status of the gateway's answer to whether it is ready.
func (c *client) ready(ctx context.Context) (int, error) {
	res, err := c.do(ctx, http.MethodGet, "/v1/health/ready", nil)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// A refusal is an error object of OpenAI's API.
type refusal struct{ Message string }

func (r refusal) Error() string { return strings.TrimRight(r.Message, ".") }

// get reads the answer to a GET request into v.
func (c *client) get(ctx context.Context, path string, v any) error {
	res, err := c.answer(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		return fmt.Errorf("the gateway on %s answered %s with what it never says: %w", c.addr, path, err)
	}
	return nil
}
