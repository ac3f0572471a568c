package clients

import (
	"context"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"
	langchain "github.com/tmc/langchaingo/llms/openai"

	"github.com/einstack/glide/internal/testkit"
)

func TestLangchaingo(t *testing.T) {
	u := newActor(t)
	g := testkit.Start(t, toActor(u))
	model, err := langchain.New(langchain.WithBaseURL(g.URL+"/v1"), langchain.WithToken("unused"), langchain.WithModel("pool"), langchain.WithEmbeddingModel("simulated"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context, text string, options ...llms.CallOption) (*llms.ContentChoice, error) {
		got, err := model.GenerateContent(ctx, []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, text)}, options...)
		if err != nil {
			return nil, err
		}
		return got.Choices[0], nil
	}

	t.Run("chat", func(t *testing.T) {
		if got, err := ask(t.Context(), "hello"); err != nil || got.Content != "fine" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("stream", func(t *testing.T) {
		var pieces []string
		got, err := ask(t.Context(), "hello", llms.WithStreamingFunc(func(_ context.Context, chunk []byte) error {
			pieces = append(pieces, string(chunk))
			return nil
		}))
		if err != nil || got.Content != "fine" || strings.Join(pieces, "|") != "|fi|ne|" {
			t.Errorf("got %+v, %q, %v", got, pieces, err)
		}
	})
	t.Run("tools", func(t *testing.T) {
		weather := llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: "weather", Parameters: map[string]any{"type": "object"}}}
		got, err := ask(t.Context(), "tool", llms.WithTools([]llms.Tool{weather}))
		if err != nil || len(got.ToolCalls) != 1 || got.ToolCalls[0].FunctionCall.Arguments != `{"city":"Rome"}` {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		got, err := model.CreateEmbedding(t.Context(), []string{"a", "b"})
		if err != nil || len(got) != 2 || len(got[0]) == 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("errors", func(t *testing.T) {
		if _, err := ask(t.Context(), "refuse"); err == nil || !strings.Contains(err.Error(), "too long") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		// What it makes of that itself is its own affair.
		_, _ = ask(ctx, "wait", llms.WithStreamingFunc(func(context.Context, []byte) error {
			cancel()
			return nil
		}))
		u.waitCancelled(t)
	})
}
