package clients

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/einstack/glide/internal/testkit"
)

func newGoOpenAI(g *testkit.Glide) *goopenai.Client {
	cfg := goopenai.DefaultConfig("unused")
	cfg.BaseURL = g.URL + "/v1"
	return goopenai.NewClientWithConfig(cfg)
}

func goRequest(text string) goopenai.ChatCompletionRequest {
	return goopenai.ChatCompletionRequest{
		Model:    "pool",
		Messages: []goopenai.ChatCompletionMessage{{Role: goopenai.ChatMessageRoleUser, Content: text}},
		Tools:    []goopenai.Tool{{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{Name: "weather", Parameters: map[string]any{"type": "object"}}}},
	}
}

func TestGoOpenAI(t *testing.T) {
	u := newActor(t)
	client := newGoOpenAI(testkit.Start(t, toActor(u)))

	t.Run("chat", func(t *testing.T) {
		got, err := client.CreateChatCompletion(t.Context(), goRequest("hello"))
		if err != nil || got.Choices[0].Message.Content != "fine" || got.Usage.TotalTokens != 5 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("stream", func(t *testing.T) {
		stream, err := client.CreateChatCompletionStream(t.Context(), goRequest("hello"))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		if text, err := readGoStream(stream); text != "fine" || err != io.EOF {
			t.Errorf("got %q, %v", text, err)
		}
	})
	t.Run("tools", func(t *testing.T) {
		got, err := client.CreateChatCompletion(t.Context(), goRequest("tool"))
		if err != nil || got.Choices[0].FinishReason != goopenai.FinishReasonToolCalls || got.Choices[0].Message.ToolCalls[0].Function.Arguments != `{"city":"Rome"}` {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("embeddings", func(t *testing.T) {
		got, err := client.CreateEmbeddings(t.Context(), goopenai.EmbeddingRequestStrings{Model: "simulated", Input: []string{"a", "b"}, Dimensions: 8})
		if err != nil || len(got.Data) != 2 || len(got.Data[0].Embedding) != 8 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("errors", func(t *testing.T) {
		_, err := client.CreateChatCompletion(t.Context(), goRequest("refuse"))
		e, ok := errors.AsType[*goopenai.APIError](err)
		if !ok || e.HTTPStatusCode != http.StatusBadRequest || e.Code != "context_length_exceeded" {
			t.Errorf("got %v", err)
		}
		stream, err := client.CreateChatCompletionStream(t.Context(), goRequest("break"))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		text, err := readGoStream(stream)
		if e, ok := errors.AsType[*goopenai.APIError](err); !ok || text != "fi" || !strings.Contains(e.Message, "not the whole answer") {
			t.Errorf("got %q, %v", text, err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := client.CreateChatCompletionStream(ctx, goRequest("wait"))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		cancel()
		u.waitCancelled(t)
	})
}

// readGoStream reads a stream until its error, which is [io.EOF] for a whole one.
func readGoStream(stream *goopenai.ChatCompletionStream) (text string, err error) {
	for {
		chunk, err := stream.Recv()
		if err != nil {
			return text, err
		}
		for _, choice := range chunk.Choices {
			text += choice.Delta.Content
		}
	}
}
