package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/system"
	"github.com/einstack/glide/internal/trace"
)

// systemConfig is the configuration that packages and images install.
const systemConfig = "/etc/glide/config.yaml"

func newServe() *cobra.Command {
	var s server
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve clients",
		Long: `Serve clients until SIGTERM or SIGINT, then let running requests finish. When the
configuration has changed, or a file that it refers to, it is read again, at once on
SIGHUP; a bad one is refused and the old one serves on.

The configuration is the file given by --config or GLIDE_CONFIG, else
` + systemConfig + ` if it exists (not on Windows), else the built-in one. The
address is that of --addr or GLIDE_ADDR, else the configuration's.`,
		Example: `  glide serve
  glide serve --config glide.yaml
  glide serve --addr 0.0.0.0:8080`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	cmd.Flags().StringVarP(&s.file, "config", "c", "", "configuration `file` (default $GLIDE_CONFIG)")
	cmd.Flags().StringVarP(&s.addr, "addr", "a", "", "`host:port` to listen on (default $GLIDE_ADDR)")
	if err := cmd.MarkFlagFilename("config", "yaml", "yml"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

type server struct {
	file, addr string
	listen     config.Address // of addr; empty for the configuration's
}

func (s *server) run(cmd *cobra.Command) error {
	if err := s.resolve(); err != nil {
		return err
	}
	limit := system.LimitMemory()
	system.PaceCollector()
	cfg, err := s.load()
	if err != nil {
		return err
	}
	log := newLogger(&cfg.Telemetry.Logging)
	log.Debug("memory", slog.Int64("limit", limit))
	g, err := gateway.New(cfg, log)
	if err != nil {
		return err
	}
	tracer, err := trace.New(os.Getenv, glide.Version(), log)
	if err != nil {
		return err
	}
	defer tracer.Close()
	g.Trace(tracer)
	ln, err := listen(string(cfg.API.HTTP.ListenAddr))
	if err != nil {
		return err
	}
	// Signals count from here on, so that whoever sees the banner can send one.
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	r := &reloader{load: s.load, gateway: g, log: log, started: cfg}
	r.serve(cfg, nil)
	go r.run(ctx, hup)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	s.announce(cmd.ErrOrStderr(), cfg, log, ln.Addr())
	notify(log, system.Ready)
	context.AfterFunc(ctx, func() { notify(log, system.Stopping) })
	return g.Serve(ctx, ln)
}

// resolve settles which file and address are meant.
func (s *server) resolve() error {
	if s.file == "" {
		s.file = os.Getenv("GLIDE_CONFIG")
	}
	if s.addr == "" {
		s.addr = os.Getenv("GLIDE_ADDR")
	}
	// On Windows the path is one of the current drive, where anyone may make the folder.
	if s.file == "" && runtime.GOOS != "windows" {
		// One that exists but cannot be read is an error, and reported when it is.
		if _, err := os.Stat(systemConfig); !errors.Is(err, fs.ErrNotExist) {
			s.file = systemConfig
		}
	}
	if s.addr == "" {
		return nil
	}
	if err := s.listen.UnmarshalText([]byte(s.addr)); err != nil {
		return usageError{fmt.Errorf("the address %q %w", s.addr, err)}
	}
	return nil
}

// load returns the configuration as it is now, with the address that is meant.
func (s *server) load() (cfg *config.Config, err error) {
	if s.file == "" {
		cfg = config.Default()
	} else if cfg, err = config.Load(s.file); err != nil {
		return nil, err
	}
	if s.listen != "" {
		cfg.API.HTTP.ListenAddr = s.listen
	}
	return cfg, nil
}

// listen returns the socket that systemd hands over, or else one on addr.
func listen(addr string) (net.Listener, error) {
	ln, err := system.Listener()
	if ln != nil || err != nil {
		return ln, err
	}
	if ln, err = net.Listen("tcp", addr); err != nil {
		return nil, listenError(addr, err)
	}
	return ln, nil
}

// notify tells systemd, if it started Glide, how the service is. If it does not hear, it
// will say so itself.
func notify(log *slog.Logger, state string) {
	if err := system.Notify(state); err != nil {
		log.Warn("systemd does not listen", slog.Any("error", err))
	}
}

func listenError(addr string, err error) error {
	remedy := "choose another address with --addr"
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("cannot listen on %s: the address is in use; stop the other program, or %s", addr, remedy)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("cannot listen on %s: %w; %s", addr, err, remedy)
}

func newLogger(cfg *config.Logging) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		panic(err) // the configuration allows only the levels of slog
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Encoding == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
