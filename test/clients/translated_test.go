package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/einstack/glide/internal/testkit"
)

// toProvider returns a configuration with the router "pool" of one model, whose provider
// has the settings given. Base addresses are that of u, with %s in their place.
func toProvider(u *testkit.Upstream, settings string) string {
	return fmt.Sprintf(`
telemetry: {logging: {encoding: console}}
routers: {language: [{id: pool, models: [{id: first, %s}]}]}
`, fmt.Sprintf(settings, u.URL))
}

// A wire is how one provider answers, in its own words: the same text and call, whole and
// in a stream, and an error.
type wire struct {
	answer    string
	stream    http.HandlerFunc
	cut       http.HandlerFunc // the stream, broken off after some of the text
	failed    http.HandlerFunc // the stream, with an error before any content
	throttled http.HandlerFunc // an answer that asks for 30 seconds of rest
	refused   http.HandlerFunc // credentials that are not accepted
	thinks    string           // what the model thought

	input, output, cached int64 // tokens
}

// checkWire takes each of a provider's answers to clients of OpenAI's API.
func checkWire(t *testing.T, u *testkit.Upstream, settings string, w wire, params openai.ChatCompletionNewParams) {
	t.Helper()
	client := newOpenAI(testkit.Start(t, toProvider(u, settings)))
	check := func(how string, got *openai.ChatCompletion, err error) {
		t.Helper()
		if err != nil || len(got.Choices) != 1 {
			t.Fatalf("%s: got %+v, %v", how, got, err)
		}
		m := got.Choices[0].Message
		if m.Content != "fine" || len(m.ToolCalls) != 1 || m.ToolCalls[0].Function.Name != "weather" || m.ToolCalls[0].ID == "" ||
			strings.ReplaceAll(m.ToolCalls[0].Function.Arguments, " ", "") != `{"city":"Rome"}` || got.Choices[0].FinishReason != "tool_calls" {
			t.Errorf("%s: got %s", how, got.RawJSON())
		}
		if got.Usage.PromptTokens != w.input || got.Usage.CompletionTokens != w.output || got.Usage.PromptTokensDetails.CachedTokens != w.cached {
			t.Errorf("%s: the usage is %s", how, got.Usage.RawJSON())
		}
		if got.ID == "" || got.Model == "" || got.Created == 0 {
			t.Errorf("%s: got the id %q, the model %q, the time %d", how, got.ID, got.Model, got.Created)
		}
	}
	u.Answer(testkit.JSON(http.StatusOK, w.answer))
	got, err := client.Chat.Completions.New(t.Context(), params)
	check("plain", got, err)
	if thoughts := got.Choices[0].Message.JSON.ExtraFields["reasoning_content"].Raw(); thoughts != fmt.Sprintf("%q", w.thinks) {
		t.Errorf("the model thought %s", thoughts)
	}

	params.StreamOptions.IncludeUsage = openai.Bool(true)
	read := func() (*openai.ChatCompletion, error) {
		stream := client.Chat.Completions.NewStreaming(t.Context(), params)
		defer stream.Close()
		acc := openai.ChatCompletionAccumulator{}
		for stream.Next() {
			acc.AddChunk(stream.Current())
		}
		return &acc.ChatCompletion, stream.Err()
	}
	u.Answer(w.stream)
	got, err = read()
	check("stream", got, err)
	u.Answer(w.cut)
	if got, err := read(); err == nil || !strings.Contains(err.Error(), "not the whole answer") {
		t.Errorf("a stream that was cut is %+v, %v", got, err)
	}
	u.Answer(w.failed)
	_, err = read()
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadGateway || !strings.Contains(e.Message, "out of order") {
		t.Errorf("a stream that failed is %v", err)
	}

	u.Answer(testkit.JSON(http.StatusOK, `{"surprise":1}`))
	if _, err := client.Chat.Completions.New(t.Context(), params); err == nil {
		t.Error("an answer that is none is a success")
	}
	u.Answer(w.throttled)
	_, err = client.Chat.Completions.New(t.Context(), params)
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusTooManyRequests || e.Response.Header.Get("Retry-After") != "30" || !strings.Contains(e.Message, "slow down") {
		t.Errorf("got %v", err)
	}
	// It rests now, so that the next one needs a gateway that does not know of it.
	client = newOpenAI(testkit.Start(t, toProvider(u, settings)))
	u.Answer(w.refused)
	_, err = client.Chat.Completions.New(t.Context(), params)
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadGateway || e.Code != "provider_rejected_credentials" {
		t.Errorf("got %v", err)
	}
}

// checkRefusals changes the conversation by one field at a time. Each is refused by name,
// and none reaches the provider.
func checkRefusals(t *testing.T, u *testkit.Upstream, settings string, params openai.ChatCompletionNewParams, fields map[string]any) {
	t.Helper()
	client := newOpenAI(testkit.Start(t, toProvider(u, settings)))
	before := len(u.Requests())
	for field, value := range fields {
		_, err := client.Chat.Completions.New(t.Context(), params, option.WithJSONSet(field, value))
		e, ok := errors.AsType[*openai.Error](err)
		name, _, _ := strings.Cut(field, ".")
		if !ok || e.StatusCode != http.StatusBadRequest || e.Code != "unsupported_parameter" || !strings.Contains(e.Param+e.Message, name) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if n := len(u.Requests()) - before; n != 0 {
		t.Errorf("%d of them reached the provider", n)
	}
}

// latest returns the request that the provider got last.
func latest(t *testing.T, u *testkit.Upstream) testkit.Request {
	t.Helper()
	requests := u.Requests()
	if len(requests) == 0 {
		t.Fatal("the provider got no request")
	}
	return requests[len(requests)-1]
}

// retryIn30 adds the header Retry-After.
func retryIn30(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "30")
		h(w, r)
	}
}

// checkEmbeddings asks for two vectors in both forms, of which the provider gives
// [0.5, 1] and [2, -1].
func checkEmbeddings(t *testing.T, client openai.Client, tokens int64) {
	t.Helper()
	params := openai.EmbeddingNewParams{
		Model: "pool", Dimensions: openai.Int(2), Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two"}},
	}
	got, err := client.Embeddings.New(t.Context(), params)
	if err != nil || len(got.Data) != 2 || fmt.Sprint(got.Data[0].Embedding, got.Data[1].Embedding) != "[0.5 1] [2 -1]" || got.Usage.PromptTokens != tokens {
		t.Fatalf("got %+v, %v", got, err)
	}
	var res *http.Response
	params.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
	if err := client.Post(t.Context(), "embeddings", params, &res); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	contains(t, testkit.ReadAll(t, res), `"embedding":"AAAAPwAAgD8="`)
	_, err = client.Embeddings.New(t.Context(), params, option.WithJSONSet("user", "u"))
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || e.Param != "user" {
		t.Errorf("got %v", err)
	}
}

func postJSON(t *testing.T, url, body string) string {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return testkit.ReadAll(t, res)
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("got %s\nwithout %s", text, part)
	}
}

// sameRequest compares what a provider got with what its SDK sends: the path, some headers and the JSON.
func sameRequest(t *testing.T, got, want testkit.Request, headers ...string) {
	t.Helper()
	if got.Path != want.Path {
		t.Errorf("the provider got %s, but its SDK sends %s", got.Path, want.Path)
	}
	for _, name := range headers {
		if g, w := got.Header.Get(name), want.Header.Get(name); g != w {
			t.Errorf("the provider got %s: %s, but its SDK sends %s", name, g, w)
		}
	}
	equalJSON(t, got.Body, want.Body)
}

// equalJSON compares what a provider got with what its SDK sends.
func equalJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := errors.Join(json.Unmarshal([]byte(got), &g), json.Unmarshal([]byte(want), &w)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("the provider got\n%s\nbut its SDK sends\n%s", got, want)
	}
}
