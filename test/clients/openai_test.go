package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/einstack/glide/internal/testkit"
)

func newOpenAI(g *testkit.Glide) openai.Client {
	return openai.NewClient(option.WithBaseURL(g.URL+"/v1"), option.WithAPIKey("unused"), option.WithMaxRetries(0))
}

// toUpstream returns a configuration with the router "pool" of one model at u.
func toUpstream(u *testkit.Upstream) string {
	return fmt.Sprintf(`
telemetry: {logging: {encoding: console}}
routers:
  language:
    - id: pool
      models:
        - id: first
          openai: {model: real-model, api_key: sk-upstream, base_url: "%s/v1"}
`, u.URL)
}

func say(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func TestOpenAISimulated(t *testing.T) {
	g := testkit.Start(t, "")
	client := newOpenAI(g)

	t.Run("chat", func(t *testing.T) {
		got, err := client.Chat.Completions.New(t.Context(), say("default", "Hello there"))
		if err != nil {
			t.Fatal(err)
		}
		choice := got.Choices[0]
		if choice.Message.Content != "This is Glide's simulated model. You said: Hello there" || choice.FinishReason != "stop" || got.Usage.PromptTokens != 2 || got.ID == "" {
			t.Errorf("got %s", got.RawJSON())
		}
	})
	t.Run("stream", func(t *testing.T) {
		params := say("default/simulated", "Hello there")
		params.StreamOptions.IncludeUsage = openai.Bool(true)
		stream := client.Chat.Completions.NewStreaming(t.Context(), params)
		acc := openai.ChatCompletionAccumulator{}
		chunks := 0
		for stream.Next() {
			chunks++
			acc.AddChunk(stream.Current())
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
		if got := acc.Choices[0].Message.Content; got != "This is Glide's simulated model. You said: Hello there" || acc.Usage.CompletionTokens != 9 || chunks < 10 {
			t.Errorf("got %q, %+v in %d chunks", got, acc.Usage, chunks)
		}
	})
	t.Run("max tokens", func(t *testing.T) {
		params := say("default", "Hello there")
		params.MaxCompletionTokens = openai.Int(3)
		got, err := client.Chat.Completions.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		if c := got.Choices[0]; c.Message.Content != "This is Glide's " || c.FinishReason != "length" {
			t.Errorf("got %s", got.RawJSON())
		}
	})
	t.Run("models", func(t *testing.T) {
		page, err := client.Models.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range page.Data {
			ids = append(ids, m.ID)
		}
		if fmt.Sprint(ids) != "[default default/simulated]" {
			t.Errorf("got %v", ids)
		}
		one, err := client.Models.Get(t.Context(), "default")
		if err != nil || one.ID != "default" {
			t.Errorf("got %v, %v", one, err)
		}
	})
	t.Run("unknown model", func(t *testing.T) {
		_, err := client.Chat.Completions.New(t.Context(), say("gpt-4o", "Hello"))
		e, ok := errors.AsType[*openai.Error](err)
		if !ok || e.StatusCode != http.StatusNotFound || e.Code != "model_not_found" || e.Param != "model" || !strings.Contains(e.Message, "default") {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpenAIUpstream(t *testing.T) {
	u := testkit.NewUpstream(t, nil)
	client := newOpenAI(testkit.Start(t, toUpstream(u)))

	t.Run("chat", func(t *testing.T) {
		u.Answer(testkit.JSON(http.StatusOK, testkit.Completion("fine")))
		got, err := client.Chat.Completions.New(t.Context(), say("pool", "How are you?"),
			option.WithJSONSet("seed", json.RawMessage("12345678901234567890")), option.WithJSONSet("vendor_field", map[string]int{"a": 1}))
		if err != nil {
			t.Fatal(err)
		}
		requests := u.Requests()
		sent := requests[len(requests)-1]
		if got.Choices[0].Message.Content != "fine" {
			t.Errorf("got %s", got.RawJSON())
		}
		for _, want := range []string{`"model":"real-model"`, `"seed":12345678901234567890`, `"vendor_field":{"a":1}`} {
			if !strings.Contains(sent.Body, want) {
				t.Errorf("the provider got %s, which lacks %s", sent.Body, want)
			}
		}
		if sent.Path != "/v1/chat/completions" || sent.Header.Get("Authorization") != "Bearer sk-upstream" {
			t.Errorf("the provider got %s with %v", sent.Path, sent.Header)
		}
	})
	t.Run("stream", func(t *testing.T) {
		u.Answer(testkit.Stream(testkit.Role, testkit.Chunk("fi"), testkit.Chunk("ne"), testkit.Stop, testkit.Done))
		stream := client.Chat.Completions.NewStreaming(t.Context(), say("pool", "How are you?"))
		text := ""
		for stream.Next() {
			text += stream.Current().Choices[0].Delta.Content
		}
		if stream.Err() != nil || text != "fine" {
			t.Errorf("got %q, %v", text, stream.Err())
		}
	})
	t.Run("stream that breaks", func(t *testing.T) {
		u.Answer(testkit.Cut(testkit.Stream(testkit.Role, testkit.Chunk("fi"))))
		stream := client.Chat.Completions.NewStreaming(t.Context(), say("pool", "How are you?"))
		text := ""
		for stream.Next() {
			text += stream.Current().Choices[0].Delta.Content
		}
		if stream.Err() == nil || text != "fi" {
			t.Errorf("got %q and the error %v, want a part and an error", text, stream.Err())
		}
	})
	t.Run("error", func(t *testing.T) {
		u.Answer(testkit.JSON(http.StatusBadRequest, `{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded","vendor":{"x":1}}}`))
		_, err := client.Chat.Completions.New(t.Context(), say("pool", "How are you?"))
		e, ok := errors.AsType[*openai.Error](err)
		if !ok || e.StatusCode != http.StatusBadRequest || e.Code != "context_length_exceeded" || !strings.Contains(e.RawJSON(), `"vendor":{"x":1}`) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("rate limit", func(t *testing.T) {
		u.Answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
			testkit.JSON(http.StatusTooManyRequests, `{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}`)(w, r)
		})
		_, err := client.Chat.Completions.New(t.Context(), say("pool", "How are you?"))
		e, ok := errors.AsType[*openai.Error](err)
		if !ok || e.StatusCode != http.StatusTooManyRequests || e.Response.Header.Get("Retry-After") != "7" || e.Response.Header.Get("X-Ratelimit-Remaining-Requests") != "0" {
			t.Errorf("got %v", err)
		}
		// The model rests now: the provider is not asked again.
		before := len(u.Requests())
		_, err = client.Chat.Completions.New(t.Context(), say("pool", "How are you?"))
		e, ok = errors.AsType[*openai.Error](err)
		if !ok || e.StatusCode != http.StatusTooManyRequests || e.Response.Header.Get("Retry-After") == "" || len(u.Requests()) != before {
			t.Errorf("got %v after %d more requests", err, len(u.Requests())-before)
		}
	})
}

// newOpenAIStream begins a stream from the router "pool" and reads it up to its content.
func newOpenAIStream(t *testing.T, g *testkit.Glide) *ssestream.Stream[openai.ChatCompletionChunk] {
	t.Helper()
	client := newOpenAI(g)
	stream := client.Chat.Completions.NewStreaming(t.Context(), say("pool", "Hello"))
	t.Cleanup(func() { stream.Close() })
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	return stream
}
