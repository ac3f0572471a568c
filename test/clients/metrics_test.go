package clients

import (
	"net/http"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/einstack/glide/internal/testkit"
)

// TestMetrics reads the metrics with Prometheus' own parser.
func TestMetrics(t *testing.T) {
	g := testkit.Start(t, "")
	client := newOpenAI(g)
	if _, err := client.Chat.Completions.New(t.Context(), say("default", "Hello")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the request to be counted", func() bool {
		res, err := http.Get(g.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		requests, duration := families["glide_requests_total"].GetMetric(), families["gen_ai_client_operation_duration_seconds"].GetMetric()
		return len(requests) == 1 && requests[0].GetCounter().GetValue() == 1 && len(duration) == 1 && duration[0].GetHistogram().GetSampleCount() == 1
	})
}
