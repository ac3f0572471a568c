package clients

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"

	"github.com/einstack/glide/internal/testkit"
)

func TestEmbeddings(t *testing.T) {
	client := newOpenAI(testkit.Start(t, ""))
	params := openai.EmbeddingNewParams{
		Model: "default", Dimensions: openai.Int(8),
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one two", "three", "one two"}},
	}
	got, err := client.Embeddings.New(t.Context(), params)
	if err != nil || len(got.Data) != 3 || got.Usage.PromptTokens != 5 {
		t.Fatalf("got %+v, %v", got, err)
	}
	length := 0.0
	for i, x := range got.Data[0].Embedding {
		length += x * x
		if x != got.Data[2].Embedding[i] {
			t.Error("the same text has different vectors")
		}
	}
	if len(got.Data[0].Embedding) != 8 || math.Abs(length-1) > 1e-5 || got.Data[0].Embedding[0] == got.Data[1].Embedding[0] {
		t.Errorf("got %+v", got.Data)
	}
	params.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
	var res *http.Response
	if err := client.Post(t.Context(), "embeddings", params, &res); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body := testkit.ReadAll(t, res); !strings.Contains(body, `"embedding":"`) {
		t.Errorf("got %s", body)
	}
	params.Dimensions = openai.Int(0)
	_, err = client.Embeddings.New(t.Context(), params)
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || e.Param != "dimensions" {
		t.Errorf("got %v", err)
	}
}

// Events of a response's stream, as OpenAI's documentation records them.
const (
	responseBegin = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"model\":\"m\",\"status\":\"in_progress\",\"error\":null,\"output\":[],\"usage\":null}}\n\n" +
		"event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}\n\n"
	responseText = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"fine\"}\n\n"
	responseBody = `{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"completed","error":null,"output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"fine","annotations":[]}]}],"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"total_tokens":5},"vendor":1}`
	responseEnd  = "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":3,\"response\":" + responseBody + "}\n\n"
	responseFail = "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":2,\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"it broke\"}}}\n\n"
)

func TestResponses(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, responseBody))
	client := newOpenAI(testkit.Start(t, toUpstream(u)))
	params := responses.ResponseNewParams{Model: "pool", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Hello")}}
	got, err := client.Responses.New(t.Context(), params)
	if err != nil || got.OutputText() != "fine" || got.RawJSON() != responseBody {
		t.Errorf("got %v, %v", got, err)
	}
	if sent := u.Requests()[0]; sent.Path != "/v1/responses" || !strings.Contains(sent.Body, `"model":"real-model"`) {
		t.Errorf("the provider got %+v", sent)
	}
	read := func() (text string, whole bool, err error) {
		stream := client.Responses.NewStreaming(t.Context(), params)
		defer stream.Close()
		for stream.Next() {
			event := stream.Current()
			if event.Type == "response.output_text.delta" {
				text += event.Delta
			}
			whole = event.Type == "response.completed"
		}
		return text, whole, stream.Err()
	}
	u.Answer(testkit.Stream(responseBegin, responseText, responseEnd))
	if text, whole, err := read(); err != nil || text != "fine" || !whole {
		t.Errorf("got %q, %t, %v", text, whole, err)
	}
	u.Answer(testkit.Stream(responseBegin, responseText))
	if text, whole, err := read(); err == nil || text != "fine" || whole {
		t.Errorf("got %q, %t, %v of a stream that was cut", text, whole, err)
	}
	u.Answer(testkit.Stream(responseBegin, responseFail))
	_, _, err = read()
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadGateway || e.Message != "it broke" {
		t.Errorf("got %v", err)
	}
}

// TestNotOffered refuses operations that a provider does not have.
func TestNotOffered(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, anthropicAnswer))
	client := newOpenAI(testkit.Start(t, toAnthropic(u)))
	_, err := client.Responses.New(t.Context(), responses.ResponseNewParams{Model: "pool", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("x")}})
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.Message, "anthropic does not offer responses") {
		t.Errorf("got %v", err)
	}
	_, err = client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: "pool", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.Message, "anthropic does not offer embeddings") {
		t.Errorf("got %v", err)
	}
}
