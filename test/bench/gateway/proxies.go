package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/port"
)

// A proxy is a program under test, or the provider itself.
type proxy struct {
	name    string
	address string
	cmd     *exec.Cmd
}

func (p *proxy) stop() {
	// One that has ended already needs no signal.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// proxies are all programs of the comparison.
type proxies struct {
	scratch, binary                  string
	provider, collector              net.Listener
	glide, traced, nginx, rp, direct *proxy
}

func newProxies(ctx context.Context) (*proxies, error) {
	source, err := tree.Find(".")
	if err != nil {
		return nil, err
	}
	p := new(proxies)
	if p.scratch, err = os.MkdirTemp("", "glide-bench-*"); err != nil {
		return nil, err
	}
	target, err := source.Matrix.Target(runtime.GOOS + "/" + runtime.GOARCH)
	if err != nil {
		return p, err
	}
	g, err := dist.NewGo(ctx, source.Go)
	if err != nil {
		return p, err
	}
	built, err := dist.Build(ctx, g, source, target, p.scratch)
	if err != nil {
		return p, err
	}
	p.binary = built.Path
	if p.provider, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return p, err
	}
	go serveProvider(p.provider)
	if p.collector, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return p, err
	}
	go func() { _ = http.Serve(p.collector, http.HandlerFunc(discard)) }()
	p.direct = &proxy{name: "no proxy", address: p.provider.Addr().String()}
	for _, each := range []struct {
		proxy **proxy
		start func(context.Context) (*proxy, error)
	}{{&p.glide, p.startGlide}, {&p.traced, p.startTraced}, {&p.nginx, p.startNginx}, {&p.rp, p.startReverseProxy}} {
		if *each.proxy, err = each.start(ctx); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *proxies) close() {
	for _, each := range []*proxy{p.glide, p.traced, p.nginx, p.rp} {
		if each != nil {
			each.stop()
		}
	}
	_ = os.RemoveAll(p.scratch)
}

// discard is a collector of traces that has no use for them.
func discard(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// start starts a program on the proxies' core and waits until it answers.
func (p *proxies) start(ctx context.Context, name, address string, env []string, command ...string) (*proxy, error) {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", proxyCore}, command...)...)
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1", "GOGC="), env...)
	log, err := os.Create(filepath.Join(p.scratch, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has it as its own
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	out := &proxy{name: name, address: address, cmd: cmd}
	request := chatTo("default", "x", "")
	for begin := time.Now(); ; {
		c, err := out.dial(ctx)
		if err == nil {
			_, _, err = c.exchange(request)
			c.conn.Close()
		}
		if err == nil {
			return out, nil
		}
		if time.Since(begin) > 10*time.Second {
			text, _ := os.ReadFile(log.Name())
			out.stop()
			return nil, fmt.Errorf("%s does not answer: %w\n%s", name, err, text)
		}
	}
}

// glideConfig has a good router, one whose first model is dead and asked nevertheless,
// and one whose first model is dead and rests. The client's key and its limits are checked.
const glideConfig = `
api: {keys: [{id: bench, hash: "%[3]s", requests: 1000000/s, tokens: 1000000000/s}]}
routers:
  language:
    - {id: default, models: [{id: a, openai: {model: m, api_key: k, base_url: "http://%[1]s/v1"}}, {id: b, openai: {model: m, base_url: "http://%[1]s/v1"}}]}
    - {id: dead, models: [{id: a, error_budget: 1000000/ms, openai: {model: m, base_url: "http://%[2]s/v1"}}, {id: b, openai: {model: m, base_url: "http://%[1]s/v1"}}]}
    - {id: open, models: [{id: a, error_budget: 1/h, openai: {model: m, base_url: "http://%[2]s/v1"}}, {id: b, openai: {model: m, base_url: "http://%[1]s/v1"}}]}
`

const clientKey = "sk-unused"

func (p *proxies) startGlide(ctx context.Context) (*proxy, error) {
	return p.startGlideAs(ctx, "glide")
}

func (p *proxies) startTraced(ctx context.Context) (*proxy, error) {
	return p.startGlideAs(ctx, "glide-traced", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+p.collector.Addr().String())
}

func (p *proxies) startGlideAs(ctx context.Context, name string, env ...string) (*proxy, error) {
	address, err := port.Free()
	if err != nil {
		return nil, err
	}
	dead, err := port.Free()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(p.scratch, "glide.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, glideConfig, p.provider.Addr(), dead, config.HashKey(clientKey)), 0o600); err != nil {
		return nil, err
	}
	return p.start(ctx, name, address, env, p.binary, "serve", "--config", file, "--addr", address)
}

const nginxConfig = `
daemon off; master_process off; error_log stderr; pid %[1]s/nginx.pid;
events { worker_connections 4096; }
http {
	access_log off; client_max_body_size 32m; client_body_buffer_size 256k;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	upstream provider { server %[2]s; keepalive 256; keepalive_requests 1000000000; }
	server {
		listen %[3]s; keepalive_requests 1000000000;
		location / { proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 10m; }
	}
}
`

func (p *proxies) startNginx(ctx context.Context) (*proxy, error) {
	address, err := port.Free()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(p.scratch, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, p.scratch, p.provider.Addr(), address), 0o600); err != nil {
		return nil, err
	}
	return p.start(ctx, "nginx", address, nil, "nginx", "-c", config, "-e", "stderr")
}

const reverseProxy = "go-rp"

func (p *proxies) startReverseProxy(ctx context.Context) (*proxy, error) {
	address, err := port.Free()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return p.start(ctx, reverseProxy, address, []string{reverseProxyEnv + "=http://" + p.provider.Addr().String()}, self, reverseProxy, address)
}

const reverseProxyEnv = "GLIDE_BENCH_PROVIDER"

// serveReverseProxy is the program that others are compared with: the standard library's
// proxy, with as many idle connections as are needed.
func serveReverseProxy(address string) error {
	provider, err := url.Parse(os.Getenv(reverseProxyEnv))
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.DisableCompression = 256, true
	server := &http.Server{Addr: address, ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(provider) },
		Transport: transport,
	}}
	return server.ListenAndServe()
}
