package trace

import (
	"bytes"
	"encoding/hex"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for text, want := range map[string]string{
		good:             good,
		good[:53] + "00": good[:53] + "00",
		good[:53] + "03": good, // other flags mean nothing to us
		"cc" + good[2:]:  good,
		"cc" + good[2:] + "-what the future will bring": good,
		"":                                 "",
		good[:54]:                          "",
		good + "-more":                     "",
		"ff" + good[2:]:                    "",
		strings.ToUpper(good):              "",
		strings.Replace(good, "-", "+", 1): "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": "",
		strings.Replace(good, "4b", "4x", 1):                      "",
	} {
		c := Parse(text, "s=1")
		if got := c.Traceparent(); c.Valid() != (want != "") || want != "" && (got != want || c.State != "s=1") {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// TestParseState leaves out what is no text, or more than others must pass on.
func TestParseState(t *testing.T) {
	long := "a=" + strings.Repeat("x", 510)
	for state, want := range map[string]string{
		"a=1, b=2": "a=1, b=2", long: long, long + "x": "", "a=\xff": "", "a=ä": "", "a=\n": "", "": "",
	} {
		if got := Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", state).State; got != want {
			t.Errorf("%q: got %q", state, got)
		}
	}
}

func tracer(t *testing.T, vars map[string]string) (*Tracer, error) {
	t.Helper()
	tr, err := New(func(name string) string { return vars[name] }, "1", slog.New(slog.DiscardHandler))
	if tr != nil {
		t.Cleanup(tr.Close)
	}
	return tr, err
}

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

func TestOff(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"nothing set": {}, "disabled": {endpoint: "http://x", "OTEL_SDK_DISABLED": "true"}, "no exporter": {endpoint: "http://x", "OTEL_TRACES_EXPORTER": "None"},
	} {
		tr, err := tracer(t, vars)
		if tr != nil || err != nil {
			t.Errorf("%s: got %v, %v", name, tr, err)
		}
		// All of it does nothing.
		s := tr.Start(Client, Context{}, time.Now())
		s.Name("x")
		s.String("a", "b")
		s.Int("a", 1)
		s.Bool("a", true)
		s.Float("a", 1)
		s.Fail("x")
		s.End()
		tr.Close()
	}
}

// TestUnknownValues leaves out what is not known, as the specification demands, with a
// warning: others than Glide's user set these variables too.
func TestUnknownValues(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd", "OTEL_TRACES_SAMPLER": "sometimes",
		"OTEL_TRACES_SAMPLER_ARG": "2", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s", "OTEL_BSP_SCHEDULE_DELAY": "-1", "OTEL_BSP_MAX_QUEUE_SIZE": "0",
	} {
		vars := map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "traceidratio"}
		vars[name] = value
		var log strings.Builder
		tr, err := New(func(name string) string { return vars[name] }, "1", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tr.Close()
		if tr.gzip || !tr.sample(Context{}, [16]byte{15: 255}) || tr.timeout != 10*time.Second || tr.delay != 5*time.Second || tr.queueSize != 2048 {
			t.Errorf("%s: got %+v", name, tr.settings)
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "name="+name+" value="+value+" remedy=") {
			t.Errorf("%s: it said %q", name, got)
		}
	}
	tr, err := tracer(t, map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_COMPRESSION": "GZIP"})
	if err != nil || !tr.gzip {
		t.Errorf("words in capitals are not known: %v", err)
	}
}

// TestMistakes names the variable that is wrong.
func TestMistakes(t *testing.T) {
	for name, value := range map[string]string{
		endpoint: "127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS": "a", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/none", "OTEL_RESOURCE_ATTRIBUTES": "=1",
	} {
		vars := map[string]string{endpoint: "http://127.0.0.1:1"}
		vars[name] = value
		if _, err := tracer(t, vars); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSampler(t *testing.T) {
	id := func(last string) (out [16]byte) {
		if _, err := hex.Decode(out[8:], []byte(last)); err != nil {
			t.Fatal(err)
		}
		return out
	}
	low, high := id("0000000000000001"), id("ffffffffffffffff")
	parent := func(sampled bool) Context { return Context{TraceID: high, SpanID: [8]byte{1}, Sampled: sampled} }
	for _, tt := range []struct {
		sampler, arg string
		parent       Context
		id           [16]byte
		want         bool
	}{
		{"", "", Context{}, high, true}, {"", "", parent(false), high, false}, {"", "", parent(true), high, true},
		{"always_on", "", parent(false), high, true}, {"always_off", "", parent(true), high, false},
		{"parentbased_always_off", "", parent(true), high, true}, {"parentbased_always_off", "", Context{}, high, false},
		{"traceidratio", "0.5", parent(true), high, false}, {"traceidratio", "0.5", parent(false), low, true},
		{"traceidratio", "0", Context{}, low, false}, {"traceidratio", "1", Context{}, high, true},
		{"parentbased_traceidratio", "0.5", Context{}, low, true}, {"parentbased_traceidratio", "0.5", parent(false), low, false},
	} {
		tr, err := tracer(t, map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": tt.sampler, "OTEL_TRACES_SAMPLER_ARG": tt.arg})
		if err != nil {
			t.Fatal(err)
		}
		if got := tr.sample(tt.parent, tt.id); got != tt.want {
			t.Errorf("%s %s: got %t", tt.sampler, tt.arg, got)
		}
	}
}

// TestStrings makes sure that no value spoils or fills a batch.
func TestStrings(t *testing.T) {
	tr, err := tracer(t, map[string]string{endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"a\xffb": "ab", strings.Repeat("ä", 600): strings.Repeat("ä", 512), "x" + strings.Repeat("ä", 600): "x" + strings.Repeat("ä", 511)} {
		s := tr.Start(Client, Context{}, time.Now())
		s.String("k", value)
		if want := appendAttribute(nil, spanAttributes, "k", want); !bytes.Equal(s.attrs, want) {
			t.Errorf("%.10q: got %q", value, s.attrs)
		}
		s.End()
	}
}

// TestGarbage makes sure that spans leave hardly any: nothing but what the race detector
// takes out of pools.
func TestGarbage(t *testing.T) {
	tr, err := tracer(t, map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_BSP_MAX_QUEUE_SIZE": "1", "OTEL_BSP_SCHEDULE_DELAY": "1000000"})
	if err != nil {
		t.Fatal(err)
	}
	parent := Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "")
	if n := testing.AllocsPerRun(100, func() {
		s := tr.Start(Client, parent, time.Now())
		s.Name("chat m")
		s.String("gen_ai.request.model", "m")
		s.Int("gen_ai.usage.input_tokens", 1000)
		s.End()
	}); n > 2 {
		t.Errorf("a span costs %.0f allocations", n)
	}
}
