package cli

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/einstack/glide"
	"github.com/einstack/glide/internal/config"
)

// announce says that the gateway listens: to people with what it serves and lines to try, to
// machines as a line of the log.
func (s *server) announce(out io.Writer, cfg *config.Config, log *slog.Logger, addr net.Addr) {
	source := s.file
	if source == "" {
		source = "the built-in configuration (simulated model)"
	}
	if cfg.Telemetry.Logging.Encoding == "json" && !isTerminal(out) {
		log.Info("listening", slog.String("address", addr.String()), slog.String("config", source), slog.String("version", glide.Version()))
		return
	}
	scheme := "http"
	if cfg.API.HTTP.TLS != nil {
		scheme = "https"
	}
	// One text, so that no line of the log gets into it.
	fmt.Fprintf(out, "Glide %s listens on %s://%s with %s:\n\n%s\n", glide.Version(), scheme, addr, source, offer(cfg, scheme, reachable(addr)))
}

// offer says what a gateway at the address serves, and how to try it.
func offer(cfg *config.Config, scheme, addr string) string {
	var b strings.Builder
	label, first := "Routers", ""
	for _, r := range cfg.Routers.Language {
		if !r.Enabled {
			continue
		}
		if first == "" {
			first = r.ID
		}
		fmt.Fprintf(&b, "  %-9s %s (%s)\n", label, r.ID, strings.Join(modelIDs(&r), ", "))
		label = ""
	}
	key := ""
	if len(cfg.API.Keys) > 0 {
		fmt.Fprintf(&b, "  Key       export GLIDE_API_KEY=…, a client's; glide key new makes one\n")
		key = ` -H "Authorization: Bearer $GLIDE_API_KEY"`
	}
	if cfg.API.HTTP.UI {
		fmt.Fprintf(&b, "  Status    %s://%s/\n", scheme, addr)
	}
	fmt.Fprintf(&b, `  Try       %s chat%s "Hello!"

  curl %s://%s/v1/chat/completions -H 'Content-Type: application/json'%s \
    -d '{"model": "%s", "messages": [{"role": "user", "content": "Hello!"}]}'
`, program(), addrFlag(scheme, addr), scheme, addr, key, first)
	return b.String()
}

func modelIDs(r *config.Router) []string {
	var ids []string
	for _, m := range r.Models {
		if m.Enabled {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// program returns the name under which a shell finds this program.
func program() string {
	if _, err := exec.LookPath("glide"); err == nil {
		return "glide"
	}
	return os.Args[0]
}

// addrFlag returns the flag by which a command finds the gateway, if it needs one.
func addrFlag(scheme, addr string) string {
	switch {
	case scheme != "http":
		return " --addr " + scheme + "://" + addr
	case addr != string(config.Default().API.HTTP.ListenAddr):
		return " --addr " + addr
	}
	return ""
}

// reachable returns an address under which this machine reaches a listener on addr.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
}
