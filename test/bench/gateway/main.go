// Command gateway measures what Glide costs on a request's way, beside a bare
// httputil.ReverseProxy (go-rp below) and nginx, in front of the same provider. It is
// `make bench-gateway`.
//
// Each proxy has one core for itself; the provider and the clients, which are as lean as
// can be, share the other one. The proxies take turns, and of the turns the medians count.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"time"

	"github.com/einstack/glide/test/bench"
)

var (
	rounds = flag.Int("rounds", 5, "how often each proxy has its turn")
	turn   = flag.Duration("turn", 1500*time.Millisecond, "how long a turn takes")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := measure
	if len(os.Args) == 3 && os.Args[1] == reverseProxy {
		run = func(context.Context) error { return serveReverseProxy(os.Args[2]) }
	} else if _, pinned := os.LookupEnv(pinnedEnv); !pinned {
		run = pin
	}
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// The cores that proxies and all the rest run on.
const (
	proxyCore = "0"
	restCore  = "1"
	pinnedEnv = "GLIDE_BENCH_PINNED"
)

// pin starts the program again on its core.
func pin(ctx context.Context) error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("two cores are needed, one for the proxy")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", restCore, self}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), pinnedEnv+"=1", "GOMAXPROCS=1", "GOGC=400")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}

func measure(ctx context.Context) error {
	flag.Parse()
	p, err := newProxies(ctx)
	if err != nil {
		return err
	}
	defer p.close()

	fmt.Println("| figure | goal | Glide | nginx | go-rp itself |")
	fmt.Println("|---|---|---|---|---|")
	for _, figures := range []func(context.Context, *proxies) error{throughput, latency, largePrompts, streams, openStreams, fallbacks, starts} {
		if err := figures(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// row prints a figure as ratios to that of go-rp.
func row(figure, goal string, glide, nginx, rp float64, format string) {
	fmt.Printf("| %s | %s | %.2f × | %.2f × | %s |\n", figure, goal, glide/rp, nginx/rp, fmt.Sprintf(format, rp))
}

// alone prints a figure that only Glide has.
func alone(figure, goal, format string, args ...any) {
	fmt.Printf("| %s | %s | %s | | |\n", figure, goal, fmt.Sprintf(format, args...))
}

// compare gives each of the proxies its turns and returns the medians of the outcomes, in
// the same order.
func compare(ctx context.Context, of []*proxy, connections int, request func(*proxy) []byte) ([]outcome, error) {
	turns := make([][]outcome, len(of))
	for range *rounds {
		for i, p := range of {
			got, err := p.load(ctx, connections, *turn, request(p))
			if err != nil && p.name == reverseProxy {
				// Now and then it loses a stream: "read error during body copy", it logs, "use of
				// closed network connection".
				fmt.Fprintf(os.Stderr, "bench: %s: %v; it has another turn\n", p.name, err)
				got, err = p.load(ctx, connections, *turn, request(p))
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			turns[i] = append(turns[i], got)
		}
	}
	medians := make([]outcome, len(of))
	for i := range of {
		medians[i] = medianOf(turns[i])
	}
	return medians, nil
}

func throughput(ctx context.Context, p *proxies) error {
	got, err := compare(ctx, []*proxy{p.glide, p.nginx, p.rp, p.traced}, 32, chat(promptOf(1000), ""))
	if err != nil {
		return err
	}
	glide, nginx, rp, traced := got[0], got[1], got[2], got[3]
	row("requests/s, 1 KB chat, 32 connections", "≥ 1.0 ×", glide.rate, nginx.rate, rp.rate, "%.0f/s")
	row("CPU per request of those", "≤ 1.0 ×", glide.cpu, nginx.cpu, rp.cpu, "%.0f µs")
	alone("CPU per request with tracing on, to Glide without", "≤ 1.15 ×", "%.2f ×", traced.cpu/glide.cpu)
	return nil
}

func latency(ctx context.Context, p *proxies) error {
	got, err := compare(ctx, []*proxy{p.glide, p.nginx, p.rp, p.direct}, 1, chat(promptOf(1000), ""))
	if err != nil {
		return err
	}
	direct := got[3].p50
	row("added p50, one connection", "≤ 1.0 ×", got[0].p50-direct, got[1].p50-direct, got[2].p50-direct, "%.0f µs")
	return nil
}

func largePrompts(ctx context.Context, p *proxies) error {
	got, err := compare(ctx, []*proxy{p.glide, p.nginx, p.rp}, 1, chat(promptOf(100_000), ""))
	if err != nil {
		return err
	}
	row("p50 of a prompt of 100 KB", "≤ 1.2 ×", got[0].p50, got[1].p50, got[2].p50, "%.0f µs")
	row("CPU per request of those", "≤ 1.3 ×", got[0].cpu, got[1].cpu, got[2].cpu, "%.0f µs")
	return nil
}

func streams(ctx context.Context, p *proxies) error {
	of := []*proxy{p.glide, p.nginx, p.rp}
	got, err := compare(ctx, of, 1, chat(promptOf(1000), short))
	if err != nil {
		return err
	}
	row("time to the first event of a stream, one connection", "≤ 1.1 ×", got[0].first, got[1].first, got[2].first, "%.0f µs")
	if got, err = compare(ctx, of, 64, chat(promptOf(1000), paced)); err != nil {
		return err
	}
	row(fmt.Sprintf("CPU per stream of %d events, 64 at once", pacedEvents), "≤ 1.15 ×", got[0].cpu, got[1].cpu, got[2].cpu, "%.0f µs")
	return nil
}

// openStreams compares the memory of proxies before and with a thousand open streams.
func openStreams(ctx context.Context, p *proxies) error {
	const open = 1000
	var idle, used []float64
	for _, start := range []func(context.Context) (*proxy, error){p.startGlide, p.startNginx, p.startReverseProxy} {
		fresh, err := start(ctx)
		if err != nil {
			return err
		}
		before, after, err := fresh.hold(ctx, open)
		if err != nil {
			return fmt.Errorf("%s: %w", fresh.name, err)
		}
		fresh.stop()
		idle, used = append(idle, before), append(used, after)
	}
	row("memory per open stream", "≤ 40 KB", (used[0]-idle[0])/open, (used[1]-idle[1])/open, (used[2]-idle[2])/open, "%.1f KB")
	alone("the same of Glide", "≤ 40 KB", "%.1f KB", (used[0]-idle[0])/open)
	alone("resident memory when idle", "≤ 15 MB", "%.1f MB", idle[0]/1000)
	alone("resident memory with 1,000 open streams", "≤ 60 MB", "%.1f MB", used[0]/1000)
	return nil
}

// fallbacks measures what it costs that the first model of a router is dead.
func fallbacks(ctx context.Context, p *proxies) error {
	var p50 []float64
	for _, router := range []string{"default", "dead", "open"} {
		request := chatTo(router, promptOf(1000), "")
		got, err := compare(ctx, []*proxy{p.glide}, 1, func(*proxy) []byte { return request })
		if err != nil {
			return err
		}
		p50 = append(p50, got[0].p50)
	}
	alone("added p50 by a dead first model", "< 1 ms", "%.3f ms", (p50[1]-p50[0])/1000)
	alone("added p50 by an open circuit", "nothing", "%.3f ms", (p50[2]-p50[0])/1000)
	return nil
}

// starts measures the start of Glide, to its first answer.
func starts(ctx context.Context, p *proxies) error {
	var took []time.Duration
	for range 11 {
		begin := time.Now()
		fresh, err := p.startGlide(ctx)
		if err != nil {
			return err
		}
		took = append(took, time.Since(begin))
		fresh.stop()
	}
	alone("exec to the first answer", "≤ 15 ms", "%.1f ms", bench.Median(took).Seconds()*1e3)
	info, err := os.Stat(p.binary)
	if err != nil {
		return err
	}
	alone("size of the binary", "≤ 20 MB", "%.1f MB", float64(info.Size())/1e6)
	return nil
}
