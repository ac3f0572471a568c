package gateway_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// TestMetrics looks at the metrics after a fallback, a broken stream and a bad request.
func TestMetrics(t *testing.T) {
	first, second := testkit.NewUpstream(t, testkit.JSON(500, overloaded)), testkit.NewUpstream(t, fine)
	url := serve(t, strings.Replace(pool("priority", first.URL, second.URL), "{id: m0,", "{id: m0, error_budget: 2/h,", 1))
	scrape := func() string {
		t.Helper()
		res, err := http.Get(url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return testkit.ReadAll(t, res)
	}
	ask := func(body string) {
		t.Helper()
		if _, _, err := post(t, url, body); err != nil && body == plain {
			t.Fatal(err)
		}
	}
	ask(plain)
	first.Answer(testkit.Cut(testkit.Stream(testkit.Role, testkit.Chunk("x"))))
	ask(streamed)
	ask("{}")
	// A request is counted when its handler ends, which the client does not wait for.
	deadline := time.After(testkit.Deadline)
	got := scrape()
	for !strings.Contains(got, "glide_requests_running 0\n") {
		select {
		case <-deadline:
			t.Fatalf("the requests go on:\n%s", got)
		case <-time.After(time.Millisecond):
			got = scrape()
		}
	}
	for _, want := range []string{
		`glide_requests_total{gen_ai_operation_name="chat",router="pool",status="200"} 2`,
		`glide_requests_total{gen_ai_operation_name="chat",router="",status="400"} 1`,
		`glide_fallbacks_total{model="pool/m0",error_type="500"} 1`,
		`gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m0",error_type="500"} 1`,
		`gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m0",error_type="stream_broken"} 1`,
		`gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m1",error_type=""} 1`,
		`gen_ai_server_time_to_first_token_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m0"} 1`,
		`gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m1",gen_ai_token_type="input"} 3`,
		`glide_model_ready{model="pool/m0",gen_ai_provider_name="openai"} 0`,
		`glide_model_ready{model="pool/m1",gen_ai_provider_name="openai"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("lacks %s", want)
		}
	}
	if t.Failed() {
		t.Logf("got\n%s", got)
	}
}

// TestGoneAfterDone counts a stream as a success that was sent whole, though its client goes away
// before the provider has closed it.
func TestGoneAfterDone(t *testing.T) {
	u := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		testkit.Stream(testkit.Role, testkit.Chunk("x"), testkit.Stop, testkit.Done)(w, r)
		<-r.Context().Done()
	})
	url := serve(t, pool("priority", u.URL))
	res, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(streamed))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && lines.Text() != "data: [DONE]" {
	}
	res.Body.Close()
	const want = `gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",model="pool/m0",error_type=""} 1` + "\n"
	deadline := time.After(testkit.Deadline)
	for {
		_, got := testkit.Do(t, http.MethodGet, url+"/metrics", "")
		switch {
		case strings.Contains(got, want):
			return
		case strings.Contains(got, "glide_requests_running 0\n"):
			t.Fatalf("got\n%s", got)
		}
		select {
		case <-deadline:
			t.Fatalf("the request goes on:\n%s", got)
		case <-time.After(time.Millisecond):
		}
	}
}
