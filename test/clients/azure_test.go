package clients

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/responses"

	"github.com/einstack/glide/internal/testkit"
)

// TestAzure compares where requests go with what Azure's own SDK does.
func TestAzure(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("fine")))
	g := testkit.Start(t, fmt.Sprintf(`
telemetry: {logging: {encoding: console}}
routers:
  language:
    - id: azure
      models: [{id: m, azure_openai: {deployment: gpt-4o, api_version: 2025-03-01-preview, api_key: secret, base_url: "%s"}}]
`, u.URL))
	call := func(client openai.Client, model string) []testkit.Request {
		t.Helper()
		before := len(u.Requests())
		if got, err := client.Chat.Completions.New(t.Context(), say(model, "Hello")); err != nil || got.Choices[0].Message.Content != "fine" {
			t.Errorf("got %v, %v", got, err)
		}
		// The upstream's answer is none to these; where they go is what counts.
		_, _ = client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: model, Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
		_, _ = client.Responses.New(t.Context(), responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("x")}})
		return u.Requests()[before:]
	}
	sdk := openai.NewClient(azure.WithEndpoint(u.URL, "2025-03-01-preview"), azure.WithAPIKey("secret"), azure.WithUnsafeAllowHTTP())
	want := call(sdk, "gpt-4o")
	got := call(newOpenAI(g), "azure")
	if len(got) != 3 || len(want) != 3 {
		t.Fatalf("the provider got %d requests, and its SDK sends %d", len(got), len(want))
	}
	for i := range want {
		path, err := url.PathUnescape(want[i].Path)
		if err != nil || got[i].Path != path || got[i].Header.Get("Api-Key") != "secret" || got[i].Header.Get("Authorization") != "" || got[i].Body != want[i].Body {
			t.Errorf("the provider got %s %s, but its SDK sends %s %s", got[i].Path, got[i].Body, path, want[i].Body)
		}
	}

	// Another dialect is translated.
	client := newAnthropic(g)
	if answer, err := client.Messages.New(t.Context(), askAnthropic("azure", "Hello")); err != nil || textOf(answer) != "fine" {
		t.Errorf("got %v, %v", answer, err)
	}
	requests := u.Requests()
	if sent := requests[len(requests)-1]; !strings.HasPrefix(sent.Path, "/openai/deployments/gpt-4o/chat/completions?") || !strings.Contains(sent.Body, `"max_completion_tokens":100`) {
		t.Errorf("the provider got %+v", sent)
	}
}
