package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// hang answers nothing until the gateway gives up.
func hang(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// then sends what h does and nothing more.
func stall(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h(w, r)
		testkit.Flush(w)
		<-r.Context().Done()
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func html(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<html><body>Welcome to the captive portal</body></html>")
}

func limited(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "30")
	testkit.JSON(http.StatusTooManyRequests, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`)(w, r)
}

func short(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"choices":[{"mess`)
}

const overloaded = `{"error":{"message":"overloaded","type":"server_error","code":"overloaded"}}`

// A fault is something that a provider does wrong. Alone it gives the status and the text
// of an error; with another model behind it, that one's answer.
type fault struct {
	name   string
	answer http.HandlerFunc
	status int
	text   string
}

// before lists what goes wrong before any content, for plain answers and for streams.
var before = map[bool][]fault{
	false: {
		{"hangs", hang, 504, "provider_timeout"},
		{"hangs up", hangUp, 502, "provider_unreachable"},
		{"429", limited, 429, "slow down"},
		{"500", testkit.JSON(500, overloaded), 500, "overloaded"},
		{"529 that wants to be asked again", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Should-Retry", "true")
			testkit.JSON(529, overloaded)(w, r)
		}, 529, "overloaded"},
		{"401", testkit.JSON(401, overloaded), 502, "provider_rejected_credentials"},
		{"403", testkit.JSON(403, overloaded), 403, "overloaded"},
		{"404", testkit.JSON(404, overloaded), 404, "overloaded"},
		{"redirect", http.RedirectHandler("https://example.com", 302).ServeHTTP, 302, ""},
		{"HTML with 200", html, 502, "something else than a JSON object"},
		{"HTML with 500", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); html(w, r) }, 500, "captive portal"},
		{"garbage", testkit.JSON(200, "\x00\x01{{{"), 502, "something else than a JSON object"},
		{"empty", testkit.JSON(200, ""), 502, "something else than a JSON object"},
		{"cut", short, 502, "provider_unreachable"},
		{"cut without a length", testkit.Cut(testkit.JSON(200, `{"choices":[{"mess`)), 502, "provider_unreachable"},
		{"error with 200", testkit.JSON(200, overloaded), 502, "overloaded"},
		{"stalls", stall(testkit.JSON(200, `{"choices":`)), 504, "provider_timeout"},
	},
	true: {
		{"hangs", hang, 504, "first_token_timeout"},
		{"hangs up", hangUp, 502, "provider_unreachable"},
		{"429", limited, 429, "slow down"},
		{"500", testkit.JSON(500, overloaded), 500, "overloaded"},
		{"HTML with 200", html, 502, "asked for a stream"},
		{"plain error with 200", testkit.JSON(200, overloaded), 502, "overloaded"},
		{"plain answer", testkit.JSON(200, testkit.Completion("x")), 502, "asked for a stream"},
		{"ends at once", testkit.Stream(), 502, "broke the stream off"},
		{"role alone", testkit.Stream(testkit.Role), 502, "broke the stream off"},
		{"role, then cut", testkit.Cut(testkit.Stream(testkit.Role)), 502, "provider_unreachable"},
		{"role, then stall", stall(testkit.Stream(testkit.Role)), 504, "first_token_timeout"},
		{"comments, then stall", stall(testkit.Stream(": ping\n\n", ": ping\n\n")), 504, "first_token_timeout"},
		{"half an event", testkit.Stream("data: {\"choices\""), 502, "provider_unreachable"},
		{"error first", testkit.Stream("data: " + overloaded + "\n\n"), 502, "overloaded"},
		{"error after the role", testkit.Stream(testkit.Role, "data: "+overloaded+"\n\n"), 502, "overloaded"},
		{"done without content", testkit.Stream(testkit.Role, testkit.Done), 502, "broke the stream off"},
		{"garbage", testkit.Stream("data: \"error\"\n\n", "x: y\n\n"), 502, "broke the stream off"},
	},
}

var strategies = []string{"priority", "round_robin", "weighted_round_robin", "least_latency"}

// fine answers well, whether streaming or not.
func fine(w http.ResponseWriter, r *http.Request) {
	var body [1 << 10]byte
	n, _ := r.Body.Read(body[:])
	if strings.Contains(string(body[:n]), `"stream":true`) {
		testkit.Stream(testkit.Role, testkit.Chunk("fine"), testkit.Stop, testkit.Done)(w, r)
		return
	}
	testkit.JSON(http.StatusOK, testkit.Completion("fine"))(w, r)
}

func requestFor(stream bool) (body, mode string) {
	if stream {
		return streamed, "stream"
	}
	return plain, "plain"
}

// TestFaultsFallBack puts a faulty model beside a good one. Whatever the strategy, every
// client gets the good one's whole answer.
func TestFaultsFallBack(t *testing.T) {
	for stream, faults := range before {
		body, mode := requestFor(stream)
		for _, f := range faults {
			for _, strategy := range strategies {
				t.Run(mode+"/"+f.name+"/"+strategy, func(t *testing.T) {
					t.Parallel()
					bad := testkit.NewUpstream(t, f.answer)
					good := testkit.NewUpstream(t, fine)
					url := serve(t, pool(strategy, bad.URL, good.URL))
					for range 2 { // of which one at least tries the faulty model first
						res, got, err := post(t, url, body)
						if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(got, `"fine"`) || res.Header.Get("X-Glide-Model") != "pool/m1" {
							t.Errorf("got %s, %s, %v", res.Status, got, err)
						}
					}
					if len(bad.Requests()) == 0 {
						t.Error("the faulty model was not asked")
					}
				})
			}
		}
	}
}

// TestFaultsAlone lets a faulty model be the only one. The client gets an error that says
// what was wrong, and need not try again where that is of no use.
func TestFaultsAlone(t *testing.T) {
	for stream, faults := range before {
		body, mode := requestFor(stream)
		for _, f := range faults {
			t.Run(mode+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				u := testkit.NewUpstream(t, f.answer)
				url := serve(t, pool("priority", u.URL))
				client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
				res, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				got := testkit.ReadAll(t, res)
				if res.StatusCode != f.status || !strings.Contains(got, f.text) {
					t.Errorf("got %s: %s, want %d with %s", res.Status, got, f.status, f.text)
				}
				retry := res.Header.Get("X-Should-Retry")
				if f.status == 429 && (retry != "" || res.Header.Get("Retry-After") != "30") || f.status != 429 && retry != "false" {
					t.Errorf("x-should-retry is %q with Retry-After %q", retry, res.Header.Get("Retry-After"))
				}
			})
		}
	}
}

// TestClientErrorsStay checks that a request which the provider finds wrong is not tried
// elsewhere.
func TestClientErrorsStay(t *testing.T) {
	for _, status := range []int{400, 406, 409, 411, 413, 414, 415, 422, 431} {
		bad := testkit.NewUpstream(t, testkit.JSON(status, overloaded))
		good := testkit.NewUpstream(t, fine)
		res, got, err := post(t, serve(t, pool("priority", bad.URL, good.URL)), plain)
		if err != nil || res.StatusCode != status || got != overloaded || len(good.Requests()) != 0 {
			t.Errorf("%d: got %s, %s, %v", status, res.Status, got, err)
		}
	}
}

// TestRefusalsFallBack lets the first model refuse in ways that are not the request's fault. Clients are
// answered by the next one, and the first is asked again as often as there is sense in it.
func TestRefusalsFallBack(t *testing.T) {
	const requests, budget = 4, 2
	tests := []struct {
		asked    int
		state    string
		statuses []int
	}{
		{1, "rejected", []int{401}},
		{1, "resting", []int{402}},
		{1, "limited", []int{429}},
		{requests, "ready", []int{404, 410}},
		{budget, "resting", []int{403, 405, 408, 423, 424, 425, 451, 498, 499, 500, 503, 529}},
	}
	for _, tt := range tests {
		for _, status := range tt.statuses {
			t.Run(fmt.Sprint(status), func(t *testing.T) {
				t.Parallel()
				bad, good := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Retry-After", "60")
					testkit.JSON(status, overloaded)(w, r)
				}), testkit.NewUpstream(t, fine)
				url := serve(t, strings.Replace(pool("priority", bad.URL, good.URL), "{id: m0,", fmt.Sprintf("{id: m0, error_budget: %d/h,", budget), 1))
				for range requests {
					if res, got, err := post(t, url, plain); err != nil || res.StatusCode != http.StatusOK {
						t.Errorf("got %s, %s, %v", res.Status, got, err)
					}
				}
				_, list := testkit.Do(t, http.MethodGet, url+"/v1/language", "")
				if asked := bad.Count(); asked != tt.asked || !strings.Contains(list, `"id":"m0","provider_id":"openai","state":"`+tt.state+`"`) {
					t.Errorf("asked %d times, want %d, and %s: %s", asked, tt.asked, tt.state, list)
				}
			})
		}
	}
}

// TestClientsCredentials forwards the credentials of clients. What a provider says of one client's account
// is not held against the model, which others may ask.
func TestClientsCredentials(t *testing.T) {
	statuses := map[string]int{"Bearer good": 200, "Bearer poor": 402, "Bearer barred": 403, "Bearer busy": 429}
	own := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		status, ok := statuses[r.Header.Get("Authorization")]
		if !ok {
			status = http.StatusUnauthorized
		}
		testkit.JSON(status, testkit.Completion("own"))(w, r)
	})
	other := testkit.NewUpstream(t, fine)
	url := serve(t, strings.Replace(pool("priority", own.URL, other.URL), "client: {"+hurry+"}, openai: {model: real, api_key: sk-0,",
		"client: {forward_headers: [Authorization]}, openai: {model: real,", 1))
	tests := []struct {
		key    string
		status int
		model  string
	}{
		{"wrong", 401, "pool/m0"}, {"", 401, "pool/m0"}, {"barred", 403, "pool/m0"},
		{"poor", 200, "pool/m1"}, {"busy", 200, "pool/m1"}, {"good", 200, "pool/m0"},
	}
	for _, tt := range tests {
		res, got := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", plain, "Authorization", "Bearer "+tt.key)
		if model := res.Header.Get("X-Glide-Model"); res.StatusCode != tt.status || model != tt.model {
			t.Errorf("%s: got %s of %s: %s", tt.key, res.Status, model, got)
		}
	}
}

// TestEmptyAccount rests a model whose account is empty for a minute, without a limit of rate.
func TestEmptyAccount(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusPaymentRequired, `{"error":{"message":"Insufficient Balance"}}`))
	url := serve(t, pool("priority", u.URL))
	if res, got, err := post(t, url, plain); err != nil || res.StatusCode != http.StatusPaymentRequired || !strings.Contains(got, "Insufficient Balance") {
		t.Errorf("got %s, %s, %v", res.Status, got, err)
	}
	res, got, err := post(t, url, plain)
	if after := res.Header.Get("Retry-After"); err != nil || res.StatusCode != http.StatusServiceUnavailable || len(after) != 2 {
		t.Errorf("got %s, %s, %v, Retry-After %q", res.Status, got, err, after)
	}
}

// TestRefusedWhileOthersRest sends what one model cannot express while the other, which can, is not
// there. The client is told to wait for it, unless it is out for good.
func TestRefusedWhileOthersRest(t *testing.T) {
	body := strings.Replace(plain, "{", `{"seed":1,`, 1)
	for answer, want := range map[int]int{429: 429, 402: 503, 401: 400} {
		claude := testkit.NewUpstream(t, fine)
		gpt := testkit.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "60")
			testkit.JSON(answer, overloaded)(w, r)
		})
		url := serve(t, fmt.Sprintf(`routers: {language: [{id: pool, models: [
{id: claude, anthropic: {model: m, base_url: '%s', default_params: {max_tokens: 9}}},
{id: gpt, openai: {model: m, base_url: '%s'}}]}]}`, claude.URL, gpt.URL))
		for i := range 3 {
			res, got, err := post(t, url, body)
			if i == 0 {
				continue // it is what makes the model rest
			}
			waits := res.Header.Get("Retry-After") != ""
			if err != nil || res.StatusCode != want || waits != (want != 400) || !strings.Contains(got, "seed") {
				t.Errorf("after %d: got %s, %v, Retry-After %t: %s", answer, res.Status, err, waits, got)
			}
		}
		if n := claude.Count() + gpt.Count(); n != 1 {
			t.Errorf("after %d: %d requests reached the providers", answer, n)
		}
	}
}

// TestStreams passes streams of all shapes through. Each is a success, or told to be cut.
func TestStreams(t *testing.T) {
	whole := testkit.Role + testkit.Chunk("ä日本") + testkit.Stop + testkit.Done
	big := testkit.Chunk(strings.Repeat("x", 300<<10))
	var bytewise []string
	for i := range len(whole) {
		bytewise = append(bytewise, whole[i:i+1])
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string // the whole of what the client gets
		broken string // or what the error in the stream says
	}{
		{"whole", testkit.Stream(whole), whole, ""},
		{"byte by byte", testkit.Stream(bytewise...), whole, ""},
		{"carriage returns", testkit.Stream(strings.ReplaceAll(whole, "\n", "\r\n")), strings.ReplaceAll(whole, "\n", "\r\n"), ""},
		{"comments", testkit.Stream(": hi\n\n", testkit.Chunk("x"), ": hi\n\n", testkit.Stop, testkit.Done), ": hi\n\n" + testkit.Chunk("x") + ": hi\n\n" + testkit.Stop + testkit.Done, ""},
		{"large event", testkit.Stream(testkit.Role, big, testkit.Stop, testkit.Done), testkit.Role + big + testkit.Stop + testkit.Done, ""},
		{"no [DONE]", testkit.Stream(testkit.Chunk("x"), testkit.Stop), testkit.Chunk("x") + testkit.Stop + testkit.Done, ""},
		{"no end after [DONE]", stall(testkit.Stream(testkit.Chunk("x"), testkit.Stop, testkit.Done)), testkit.Chunk("x") + testkit.Stop + testkit.Done, ""},
		{"tool call", testkit.Stream(`data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}`+"\n\n", testkit.Stop, testkit.Done), `data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}` + "\n\n" + testkit.Stop + testkit.Done, ""},
		{"ends in the middle", testkit.Stream(testkit.Chunk("x")), testkit.Chunk("x"), "broke the stream off"},
		{"cut in the middle", testkit.Cut(testkit.Stream(testkit.Chunk("x"))), testkit.Chunk("x"), "broke the stream off"},
		{"cut in an event", testkit.Cut(testkit.Stream(testkit.Chunk("x"), `data: {"choi`)), testkit.Chunk("x"), "broke the stream off"},
		{"stalls in the middle", stall(testkit.Stream(testkit.Chunk("x"))), testkit.Chunk("x"), "paused longer than client.idle_timeout"},
		{"cut after the finish", testkit.Cut(testkit.Stream(testkit.Chunk("x"), testkit.Stop)), testkit.Chunk("x") + testkit.Stop, "broke the stream off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := testkit.NewUpstream(t, tt.answer), testkit.NewUpstream(t, fine)
			res, got, err := post(t, serve(t, pool("priority", first.URL, second.URL)), streamed)
			if res.StatusCode != http.StatusOK || len(second.Requests()) != 0 {
				t.Errorf("got %s, and %d requests elsewhere", res.Status, len(second.Requests()))
			}
			if tt.broken == "" {
				if err != nil || got != tt.want {
					t.Errorf("got %.300q, %v, want %.300q", got, err, tt.want)
				}
				return
			}
			rest, ok := strings.CutPrefix(got, tt.want+"data: ")
			if !ok || err == nil || !strings.Contains(decodeError(t, rest).Message, tt.broken) {
				t.Errorf("got %.300q, %v, want an error in the stream and a broken connection", got, err)
			}
		})
	}
}

// TestErrorInStream passes on an error that the provider tells in the stream.
func TestErrorInStream(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.Stream(testkit.Chunk("x"), "data: "+overloaded+"\n\n"))
	_, got, err := post(t, serve(t, pool("priority", u.URL)), streamed)
	if want := testkit.Chunk("x") + "data: " + overloaded + "\n\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRefusedConnection falls back from an address where nothing listens, and stops
// trying it when its budget is spent.
func TestRefusedConnection(t *testing.T) {
	good := testkit.NewUpstream(t, fine)
	url := serve(t, strings.Replace(pool("priority", "http://127.0.0.1:1", good.URL), "{id: m0,", "{id: m0, error_budget: 1/h,", 1))
	for range 3 {
		if res, got, err := post(t, url, plain); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("got %s, %s, %v", res.Status, got, err)
		}
	}
	req := strings.Replace(plain, "pool", "pool/m0", 1)
	res, got, err := post(t, url, req)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || decodeError(t, got).Code != "all_models_unavailable" || res.Header.Get("Retry-After") == "" {
		t.Errorf("got %s, %s, %v", res.Status, got, err)
	}
}
