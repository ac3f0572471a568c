package trace

import (
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings is what the environment says. The names and defaults are those of
// OpenTelemetry's specification.
type settings struct {
	endpoint  string
	header    http.Header
	timeout   time.Duration
	gzip      bool
	roots     *x509.CertPool // nil for the system's
	resource  []byte         // encoded
	scope     []byte         // encoded
	sample    func(parent Context, traceID [16]byte) bool
	queueSize int
	batchSize int
	delay     time.Duration
}

// parseEnv returns nil if tracing is off. By the specification, a value that is not known is
// as none, but for a warning in log. An address or a file that is of no use is an error.
func parseEnv(getenv func(string) string, version string, log *slog.Logger) (*settings, error) {
	e := env{getenv: getenv, log: log}
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || strings.EqualFold(getenv("OTEL_TRACES_EXPORTER"), "none") {
		return nil, nil
	}
	endpoint := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" {
		if endpoint = getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" {
			return nil, nil
		}
		endpoint = strings.TrimRight(endpoint, "/") + "/v1/traces"
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		e.fail("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, "write an address such as http://127.0.0.1:4318")
	}
	e.oneOf("OTEL_TRACES_EXPORTER", getenv("OTEL_TRACES_EXPORTER"), "otlp")
	e.oneOf("OTEL_EXPORTER_OTLP_PROTOCOL", e.otlp("PROTOCOL"), "http/protobuf")
	s := &settings{
		endpoint: endpoint, header: e.headers(), roots: e.roots(),
		gzip:    e.oneOf("OTEL_EXPORTER_OTLP_COMPRESSION", e.otlp("COMPRESSION"), "none", "gzip") == "gzip",
		timeout: e.milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", e.otlp("TIMEOUT"), 10_000),
		delay:   e.milliseconds("OTEL_BSP_SCHEDULE_DELAY", getenv("OTEL_BSP_SCHEDULE_DELAY"), 5_000),
	}
	s.queueSize = e.number("OTEL_BSP_MAX_QUEUE_SIZE", getenv("OTEL_BSP_MAX_QUEUE_SIZE"), 2048)
	s.batchSize = min(e.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", getenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), 512), s.queueSize)
	s.resource = e.resource(version)
	s.scope = appendBytes(appendBytes(nil, scopeName, "github.com/einstack/glide"), scopeVersion, version)
	s.sample = e.sampler()
	return s, e.err
}

// env reads variables and keeps the first error.
type env struct {
	getenv func(string) string
	log    *slog.Logger
	err    error
}

func (e *env) warn(name, value, remedy string) {
	e.log.Warn("an environment variable is left out", slog.String("name", name), slog.String("value", value), slog.String("remedy", remedy))
}

func (e *env) fail(name, value, remedy string) {
	if e.err == nil {
		e.err = fmt.Errorf("the environment variable %s is %q; %s", name, value, remedy)
	}
}

// otlp returns the exporter's setting for traces, or else that for all signals.
func (e *env) otlp(name string) string {
	if v := e.getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
		return v
	}
	return e.getenv("OTEL_EXPORTER_OTLP_" + name)
}

// oneOf returns which of the words that are known the value is; the first if it is none.
func (e *env) oneOf(name, value string, known ...string) string {
	value = strings.ToLower(value)
	if slices.Contains(known, value) {
		return value
	}
	if value != "" {
		e.warn(name, value, "use "+strings.Join(known, " or "))
	}
	return known[0]
}

func (e *env) number(name, value string, otherwise int) int {
	if value == "" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1<<24 {
		e.warn(name, value, "write a positive whole number")
		return otherwise
	}
	return n
}

func (e *env) milliseconds(name, value string, otherwise int) time.Duration {
	return time.Duration(e.number(name, value, otherwise)) * time.Millisecond
}

// pairs calls add for each pair of a list such as a=1,b=2, whose values may be escaped as
// in URLs.
func (e *env) pairs(name, list string, add func(key, value string)) {
	for pair := range strings.SplitSeq(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !ok || key == "" || err != nil {
			e.fail(name, "…", "write name=value,name=value") // it may hold a secret
			return
		}
		add(key, value)
	}
}

func (e *env) headers() http.Header {
	h := http.Header{"Content-Type": {"application/x-protobuf"}}
	e.pairs("OTEL_EXPORTER_OTLP_HEADERS", e.otlp("HEADERS"), h.Set)
	return h
}

func (e *env) roots() *x509.CertPool {
	file := e.otlp("CERTIFICATE")
	if file == "" {
		return nil
	}
	pool := x509.NewCertPool()
	if data, err := os.ReadFile(file); err != nil || !pool.AppendCertsFromPEM(data) {
		e.fail("OTEL_EXPORTER_OTLP_CERTIFICATE", file, "name a file with certificates in PEM form")
	}
	return pool
}

// resource returns what the spans are about, encoded.
func (e *env) resource(version string) (out []byte) {
	attributes := map[string]string{"service.name": "glide", "service.version": version}
	var order []string
	e.pairs("OTEL_RESOURCE_ATTRIBUTES", e.getenv("OTEL_RESOURCE_ATTRIBUTES"), func(key, value string) {
		if _, ok := attributes[key]; !ok {
			order = append(order, key)
		}
		attributes[key] = value
	})
	if name := e.getenv("OTEL_SERVICE_NAME"); name != "" {
		attributes["service.name"] = name
	}
	for _, key := range append([]string{"service.name", "service.version"}, order...) {
		out = appendAttribute(out, resourceAttributes, key, attributes[key])
	}
	return out
}

// sampler returns what decides whether a span is recorded.
func (e *env) sampler() func(Context, [16]byte) bool {
	name := e.oneOf("OTEL_TRACES_SAMPLER", e.getenv("OTEL_TRACES_SAMPLER"), "parentbased_always_on", "parentbased_always_off",
		"parentbased_traceidratio", "always_on", "always_off", "traceidratio")
	root, byParent := strings.CutPrefix(name, "parentbased_")
	var decide func([16]byte) bool
	switch root {
	case "always_on":
		decide = func([16]byte) bool { return true }
	case "always_off":
		decide = func([16]byte) bool { return false }
	case "traceidratio":
		decide = e.ratio()
	}
	return func(parent Context, id [16]byte) bool {
		if byParent && parent.Valid() {
			return parent.Sampled
		}
		return decide(id)
	}
}

// ratio decides by the trace's id, so that all processes decide alike.
func (e *env) ratio() func([16]byte) bool {
	share := 1.0
	if text := e.getenv("OTEL_TRACES_SAMPLER_ARG"); text != "" {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && f <= 1 {
			share = f
		} else {
			e.warn("OTEL_TRACES_SAMPLER_ARG", text, "write a share from 0 to 1")
		}
	}
	limit := uint64(share * (1 << 63))
	return func(id [16]byte) bool { return binary.BigEndian.Uint64(id[8:])>>1 < limit }
}
