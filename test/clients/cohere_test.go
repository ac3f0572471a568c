package clients

import (
	"net/http"
	"testing"

	cohere "github.com/cohere-ai/cohere-go/v2"
	cohereclient "github.com/cohere-ai/cohere-go/v2/client"

	"github.com/einstack/glide/internal/testkit"
)

const cohereSettings = `cohere: {model: command-a, api_key: secret, base_url: "%s/v2"}`

// Answers of Cohere's API, as its documentation records them.
const (
	cohereUsage = `"usage":{"billed_units":{"input_tokens":1,"output_tokens":1},"tokens":{"input_tokens":7,"output_tokens":5},"cached_tokens":4}`
	cohereWhole = `{"id":"c1","message":{"role":"assistant","tool_plan":"hm","content":[{"type":"text","text":"fine"}],"tool_calls":[{"id":"weather_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":"TOOL_CALL",` + cohereUsage + `}`
	cohereStart = "event: message-start\ndata: {\"id\":\"c1\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n"
	coherePlan  = "event: tool-plan-delta\ndata: {\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"hm\"}}}\n\n"
	cohereText  = "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n" +
		"event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"fine\"}}}}\n\n" +
		"event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n"
	cohereCall = "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"weather_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}}}}\n\n" +
		"event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"city\\\":\"}}}}}\n\n" +
		"event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"\\\"Rome\\\"}\"}}}}}\n\n" +
		"event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n"
	cohereEnd = "event: message-end\ndata: {\"type\":\"message-end\",\"id\":\"c1\",\"delta\":{\"finish_reason\":\"TOOL_CALL\"," + cohereUsage + "}}\n\ndata: [DONE]\n\n"
)

func cohereSDK(u *testkit.Upstream) *cohereclient.Client {
	return cohereclient.NewClient(cohereclient.WithToken("secret"), cohereclient.WithBaseURL(u.URL))
}

// TestCohere compares what Cohere gets with what its own SDK sends.
func TestCohere(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, cohereWhole))
	params := openAIConversation(t, "user", "parallel_tool_calls", "reasoning_effort")
	checkWire(t, u, cohereSettings, wire{
		answer: cohereWhole, thinks: "hm", input: 7, output: 5, cached: 4,
		stream:    testkit.Stream(cohereStart, coherePlan, cohereText, cohereCall, cohereEnd),
		cut:       testkit.Cut(testkit.Stream(cohereStart, cohereText)),
		failed:    testkit.Stream(cohereStart + "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"out of order\"}}\n\n"),
		throttled: retryIn30(testkit.JSON(http.StatusTooManyRequests, `{"message":"slow down"}`)),
		refused:   testkit.JSON(498, `{"message":"invalid token"}`),
	}, params)
	checkRefusals(t, u, cohereSettings, params, map[string]any{
		"user": "u", "parallel_tool_calls": false, "n": 2, "logprobs": true, "reasoning_effort": "low",
		"response_format.json_schema.description": "d",
		"tool_choice": map[string]any{"type": "function", "function": map[string]string{"name": "weather"}},
	})

	u.Answer(testkit.JSON(http.StatusOK, cohereWhole))
	client := newOpenAI(testkit.Start(t, toProvider(u, cohereSettings)))
	if _, err := client.Chat.Completions.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	got := latest(t, u)
	text := func(s string) *cohere.ChatTextContent { return &cohere.ChatTextContent{Text: s} }
	image := func(url string) *cohere.Content {
		return &cohere.Content{Type: "image_url", ImageUrl: &cohere.ImageContent{ImageUrl: &cohere.ImageUrl{Url: url}}}
	}
	call := func(id, city string) *cohere.ToolCallV2 {
		return &cohere.ToolCallV2{Id: &id, Type: cohere.String("function"), Function: &cohere.ToolCallV2Function{Name: cohere.String("weather"), Arguments: cohere.String(`{"city":"` + city + `"}`)}}
	}
	result := func(id, s string) *cohere.ChatMessageV2 {
		return &cohere.ChatMessageV2{Role: "tool", Tool: &cohere.ToolMessageV2{ToolCallId: id, Content: &cohere.ToolMessageV2Content{ToolContentList: []*cohere.ToolContent{{Type: "text", Text: text(s)}}}}}
	}
	required := cohere.V2ChatRequestToolChoiceRequired
	schema := map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}}
	request := &cohere.V2ChatRequest{
		Model: "command-a", MaxTokens: cohere.Int(100), Temperature: cohere.Float64(0.5), P: cohere.Float64(0.9), StopSequences: []string{"END"},
		ResponseFormat: &cohere.ResponseFormatV2{Type: "json_object", JsonObject: &cohere.JsonResponseFormatV2{JsonSchema: schema}},
		Tools:          []*cohere.ToolV2{{Type: cohere.String("function"), Function: &cohere.ToolV2Function{Name: "weather", Description: cohere.String("Tells it"), Parameters: schema}}},
		ToolChoice:     &required,
		Messages: cohere.ChatMessages{
			{Role: "system", System: &cohere.SystemMessageV2{Content: &cohere.SystemMessageV2Content{SystemMessageV2ContentItemList: []*cohere.SystemMessageV2ContentItem{{Type: "text", Text: text("Be brief")}}}}},
			{Role: "user", User: &cohere.UserMessageV2{Content: &cohere.UserMessageV2Content{ContentList: []*cohere.Content{
				{Type: "text", Text: text("What is this?")}, image("data:image/png;base64,iVBO"), image("https://example.com/a.png")}}}},
			{Role: "assistant", Assistant: &cohere.AssistantMessage{ToolCalls: []*cohere.ToolCallV2{call("toolu_1", "Rome"), call("toolu_2", "Oslo")}}},
			result("toolu_1", "hot"), result("toolu_2", "cold"),
		},
	}
	if _, err := cohereSDK(u).V2.Chat(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u), "Authorization")
}

func TestCohereEmbeddings(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"id":"e","embeddings":{"float":[[0.5,1],[2,-1]]},"texts":["one","two"],"meta":{"billed_units":{"input_tokens":6}},"response_type":"embeddings_by_type"}`))
	client := newOpenAI(testkit.Start(t, toProvider(u, `cohere: {model: embed-v4.0, api_key: secret, input_type: search_query, base_url: "%s/v2"}`)))
	checkEmbeddings(t, client, 6)
	got := latest(t, u)
	if _, err := cohereSDK(u).V2.Embed(t.Context(), &cohere.V2EmbedRequest{
		Model: "embed-v4.0", Texts: []string{"one", "two"}, InputType: cohere.EmbedInputTypeSearchQuery,
		EmbeddingTypes: []cohere.EmbeddingType{cohere.EmbeddingTypeFloat}, OutputDimension: cohere.Int(2),
	}); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u))
}
