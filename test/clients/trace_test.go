package clients

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/einstack/glide/internal/testkit"
)

// newCollector starts a collector of traces that refuses the first export, and returns its
// address and what it is sent afterwards.
func newCollector(t *testing.T) (string, <-chan *otlp.ResourceSpans) {
	t.Helper()
	got := make(chan *otlp.ResourceSpans, 10)
	receive := func(w http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = unzipped
		}
		data, err := io.ReadAll(body)
		var request collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(data, &request) != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("X-Team") != "a b" {
			t.Errorf("got %s with %v: %q, %v", r.URL, r.Header, data, err)
		}
		for _, spans := range request.ResourceSpans {
			got <- spans
		}
	}
	server := httptest.NewServer(testkit.Then(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, receive))
	t.Cleanup(server.Close)
	return server.URL, got
}

func attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		switch v := kv.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			out[kv.Key] = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			out[kv.Key] = fmt.Sprint(v.BoolValue)
		case *common.AnyValue_DoubleValue:
			out[kv.Key] = fmt.Sprint(v.DoubleValue > 0)
		}
	}
	return out
}

// TestTraces follows a request whose first model fails, from the client's own span to the
// provider.
func TestTraces(t *testing.T) {
	address, got := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address+"/")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	t.Setenv("OTEL_SERVICE_NAME", "edge")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=ignored,deployment.environment.name=test")
	bad := testkit.NewUpstream(t, testkit.JSON(http.StatusInternalServerError, `{"error":{"message":"out of order"}}`))
	good := testkit.NewUpstream(t, testkit.Stream(testkit.Role, testkit.Chunk("fine"), testkit.Stop,
		`data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":300}}`+"\n\n", testkit.Done))
	g := testkit.Start(t, fmt.Sprintf(`
telemetry: {logging: {encoding: console}}
routers: {language: [{id: pool, models: [{id: a, openai: {model: m1, base_url: "%s"}}, {id: c, azure_openai: {deployment: m2, base_url: "%s"}}]}]}
`, bad.URL, good.URL))
	const traceID, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	client := newOpenAI(g)
	stream := client.Chat.Completions.NewStreaming(t.Context(), say("pool", "Hello"),
		option.WithHeader("traceparent", "00-"+traceID+"-"+parent+"-01"), option.WithHeader("tracestate", "vendor=1"))
	for stream.Next() {
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	var spans []*otlp.Span
	for len(spans) < 3 {
		select {
		case r := <-got:
			if a := attributes(r.Resource.Attributes); a["service.name"] != "edge" || a["deployment.environment.name"] != "test" || a["service.version"] == "" {
				t.Errorf("the resource is %v", a)
			}
			for _, s := range r.ScopeSpans {
				if s.Scope.Name != "github.com/einstack/glide" {
					t.Errorf("the scope is %v", s.Scope)
				}
				spans = append(spans, s.Spans...)
			}
		case <-time.After(testkit.Deadline):
			t.Fatalf("only %d spans came:\n%s", len(spans), g.Log())
		}
	}
	failed, answered, server := spans[0], spans[1], spans[2]
	for _, s := range spans {
		if hex.EncodeToString(s.TraceId) != traceID || s.TraceState != "vendor=1" || s.EndTimeUnixNano < s.StartTimeUnixNano || s.StartTimeUnixNano == 0 || s.Flags&1 == 0 {
			t.Errorf("got %v", s)
		}
	}
	if hex.EncodeToString(server.ParentSpanId) != parent || string(failed.ParentSpanId) != string(server.SpanId) || string(answered.ParentSpanId) != string(server.SpanId) {
		t.Errorf("the spans hang together otherwise: %v", spans)
	}
	for _, tt := range []struct {
		span *otlp.Span
		kind otlp.Span_SpanKind
		name string
		ok   bool
		want map[string]string
	}{
		{failed, otlp.Span_SPAN_KIND_CLIENT, "chat m1", false, map[string]string{"gen_ai.provider.name": "openai", "gen_ai.request.model": "m1", "error.type": "500", "server.address": "127.0.0.1"}},
		{answered, otlp.Span_SPAN_KIND_CLIENT, "chat m2", true, map[string]string{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai", "gen_ai.request.stream": "true", "gen_ai.usage.input_tokens": "3",
			"gen_ai.usage.output_tokens": "300", "gen_ai.response.time_to_first_chunk": "true", "server.port": good.URL[strings.LastIndex(good.URL, ":")+1:]}},
		{server, otlp.Span_SPAN_KIND_SERVER, "POST /v1/chat/completions", true, map[string]string{
			"http.response.status_code": "200", "http.route": "/v1/chat/completions", "url.scheme": "http", "url.path": "/v1/chat/completions", "glide.router": "pool", "glide.attempts": "2", "glide.model": "pool/c"}},
	} {
		a := attributes(tt.span.Attributes)
		for key, value := range tt.want {
			if a[key] != value {
				t.Errorf("%s: %s is %q, want %q", tt.name, key, a[key], value)
			}
		}
		if tt.span.Kind != tt.kind || tt.span.Name != tt.name || (tt.span.GetStatus().GetCode() != otlp.Status_STATUS_CODE_ERROR) != tt.ok {
			t.Errorf("got %v", tt.span)
		}
	}
	sent := good.Requests()[0].Header
	if want := "00-" + traceID + "-" + hex.EncodeToString(answered.SpanId) + "-01"; sent.Get("Traceparent") != want || sent.Get("Tracestate") != "vendor=1" {
		t.Errorf("the provider is told %q, %q", sent.Get("Traceparent"), sent.Get("Tracestate"))
	}
}

// TestTracesAtTheEnd sends what is pending when Glide stops, and nothing that is not
// sampled.
func TestTracesAtTheEnd(t *testing.T) {
	address, got := newCollector(t)
	res, err := http.Post(address, "", nil) // which is refused
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address+"/v1/traces")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-team=a b")
	g := testkit.Start(t, "")
	client := newOpenAI(g)
	for _, flags := range []string{"00", "01"} {
		if _, err := client.Chat.Completions.New(t.Context(), say("default", "Hello"), option.WithHeader("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"+flags)); err != nil {
			t.Fatal(err)
		}
	}
	g.Stop(t)
	spans := 0
	for len(got) > 0 {
		spans += len((<-got).ScopeSpans[0].Spans)
	}
	if spans != 2 {
		t.Errorf("got %d spans:\n%s", spans, g.Log())
	}
}

// TestHostileTraces sends what no collector takes, or too much of it: others' spans must
// not suffer.
func TestHostileTraces(t *testing.T) {
	address, got := newCollector(t)
	res, err := http.Post(address, "", nil) // which is refused
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a b")
	g := testkit.Start(t, "")
	for _, state := range []string{"a=\xff", strings.Repeat("x", 10_000)} {
		res, _ := testkit.Do(t, http.MethodPost, g.URL+"/v1/language/%FF"+strings.Repeat("x", 10_000)+"/chat", "{}",
			"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate", state)
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("got %s", res.Status)
		}
	}
	g.Stop(t)
	var spans []*otlp.Span
	for len(got) > 0 {
		spans = append(spans, (<-got).ScopeSpans[0].Spans...)
	}
	for _, s := range spans {
		if path := attributes(s.Attributes)["url.path"]; s.TraceState != "" || !strings.HasPrefix(path, "/v1/language/%FFxxx") || len(path) != 1024 {
			t.Errorf("got %v", s)
		}
	}
	if len(spans) != 2 {
		t.Errorf("got %d spans:\n%s", len(spans), g.Log())
	}
}
