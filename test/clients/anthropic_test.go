package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/einstack/glide/internal/testkit"
)

func newAnthropic(g *testkit.Glide) anthropic.Client {
	return anthropic.NewClient(anthropicoption.WithBaseURL(g.URL), anthropicoption.WithAPIKey("unused"), anthropicoption.WithMaxRetries(0))
}

// toAnthropic returns a configuration with the router "pool" of one model of Anthropic's
// API at u.
func toAnthropic(u *testkit.Upstream) string {
	return fmt.Sprintf(`
telemetry: {logging: {encoding: console}}
routers:
  language:
    - id: pool
      models:
        - id: first
          anthropic: {model: real-model, api_key: sk-upstream, base_url: "%s/v1"}
`, u.URL)
}

func askAnthropic(model, text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: model, MaxTokens: 100, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

// Answers of Anthropic's API, as its documentation records them.
const (
	anthropicAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"real-model","content":[{"type":"text","text":"fine"},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Rome"}}],"stop_reason":"tool_use","stop_sequence":null,"vendor":1,"usage":{"input_tokens":3,"cache_read_input_tokens":4,"cache_creation_input_tokens":0,"output_tokens":2}}`
	anthropicStart  = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"real-model\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n"
	anthropicText = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"fine\"}}\n\n" +
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	anthropicTool = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"weather\",\"input\":{}}}\n\n" +
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\":\"}}\n\n" +
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\" \\\"Rome\\\"}\"}}\n\n" +
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
	anthropicStop = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
)

// accumulate reads a stream to its end.
func accumulate(t *testing.T, client anthropic.Client, params anthropic.MessageNewParams) (anthropic.Message, error) {
	t.Helper()
	stream := client.Messages.NewStreaming(t.Context(), params)
	defer stream.Close()
	var message anthropic.Message
	for stream.Next() {
		if err := message.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	return message, stream.Err()
}

func textOf(m *anthropic.Message) string {
	text := ""
	for _, block := range m.Content {
		text += block.Text
	}
	return text
}

func TestAnthropicSimulated(t *testing.T) {
	client := newAnthropic(testkit.Start(t, ""))
	const want = "This is Glide's simulated model. You said: Hello there"
	got, err := client.Messages.New(t.Context(), askAnthropic("default", "Hello there"))
	if err != nil || textOf(got) != want || got.StopReason != anthropic.StopReasonEndTurn || got.Usage.InputTokens != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	streamed, err := accumulate(t, client, askAnthropic("default", "Hello there"))
	if err != nil || textOf(&streamed) != want || streamed.StopReason != anthropic.StopReasonEndTurn || streamed.Usage.OutputTokens != 9 {
		t.Errorf("got %+v, %v", streamed, err)
	}
	_, err = client.Messages.New(t.Context(), askAnthropic("none", "Hello there"))
	e, ok := errors.AsType[*anthropic.Error](err)
	if !ok || e.StatusCode != http.StatusNotFound || !strings.Contains(e.RawJSON(), `"type":"not_found_error"`) {
		t.Errorf("got %v", err)
	}
	_, err = client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: "default", Messages: askAnthropic("", "x").Messages})
	if e, ok = errors.AsType[*anthropic.Error](err); !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.RawJSON(), "does not offer count_tokens") {
		t.Errorf("got %v", err)
	}
}

// TestAnthropicPassThrough speaks Anthropic's dialect on both sides.
func TestAnthropicPassThrough(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, anthropicAnswer))
	client := newAnthropic(testkit.Start(t, toAnthropic(u)))
	got, err := client.Messages.New(t.Context(), askAnthropic("pool", "Hello"), anthropicoption.WithJSONSet("vendor_field", 1))
	if err != nil || got.RawJSON() != anthropicAnswer {
		t.Errorf("got %s, %v", got.RawJSON(), err)
	}
	sent := u.Requests()[0]
	if sent.Path != "/v1/messages" || sent.Header.Get("X-Api-Key") != "sk-upstream" || sent.Header.Get("Anthropic-Version") == "" ||
		!strings.Contains(sent.Body, `"model":"real-model"`) || !strings.Contains(sent.Body, `"vendor_field":1`) {
		t.Errorf("the provider got %+v", sent)
	}

	u.Answer(testkit.Stream(anthropicStart, anthropicText, anthropicTool, anthropicStop))
	streamed, err := accumulate(t, client, askAnthropic("pool", "Hello"))
	if err != nil || textOf(&streamed) != "fine" || string(streamed.Content[1].Input) != `{"city": "Rome"}` || streamed.Usage.OutputTokens != 15 {
		t.Errorf("got %+v, %v", streamed, err)
	}
	u.Answer(testkit.Cut(testkit.Stream(anthropicStart, anthropicText)))
	if _, err := accumulate(t, client, askAnthropic("pool", "Hello")); err == nil {
		t.Error("a stream that was cut is a success")
	}

	u.Answer(testkit.JSON(http.StatusOK, `{"input_tokens":14}`))
	count, err := client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: "pool", Messages: askAnthropic("", "x").Messages})
	if sent := u.Requests()[3]; err != nil || count.InputTokens != 14 || sent.Path != "/v1/messages/count_tokens" {
		t.Errorf("got %+v, %v by %s", count, err, sent.Path)
	}

	const tooLong = `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"},"request_id":"req_1"}`
	u.Answer(testkit.JSON(http.StatusBadRequest, tooLong))
	_, err = client.Messages.New(t.Context(), askAnthropic("pool", "Hello"))
	if e, ok := errors.AsType[*anthropic.Error](err); !ok || e.RawJSON() != tooLong {
		t.Errorf("got %v", err)
	}
}

const weatherSchema = `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`

// openAIConversation is a conversation with all that can be translated, but for the fields
// that a provider has no words for.
func openAIConversation(t *testing.T, without ...string) openai.ChatCompletionNewParams {
	t.Helper()
	var fields map[string]any
	err := json.Unmarshal([]byte(`{
		"model": "pool", "max_completion_tokens": 100, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "user": "u1",
		"parallel_tool_calls": false, "reasoning_effort": "low",
		"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": `+weatherSchema+`}},
		"tools": [{"type": "function", "function": {"name": "weather", "description": "Tells it", "parameters": `+weatherSchema+`}}],
		"tool_choice": "required",
		"messages": [
			{"role": "system", "content": "Be brief"},
			{"role": "user", "content": [
				{"type": "text", "text": "What is this?"},
				{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
				{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
			{"role": "assistant", "tool_calls": [
				{"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Rome\"}"}},
				{"id": "toolu_2", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
			{"role": "tool", "tool_call_id": "toolu_1", "content": "hot"},
			{"role": "tool", "tool_call_id": "toolu_2", "content": "cold"}]}`), &fields)
	for _, name := range without {
		delete(fields, name)
	}
	data, encodeErr := json.Marshal(fields)
	var params openai.ChatCompletionNewParams
	if err := errors.Join(err, encodeErr, json.Unmarshal(data, &params)); err != nil {
		t.Fatal(err)
	}
	return params
}

// anthropicConversation is the same in the words of Anthropic's SDK.
func anthropicConversation() anthropic.MessageNewParams {
	schema := anthropic.ToolInputSchemaParam{Properties: map[string]any{"city": map[string]any{"type": "string"}}, Required: []string{"city"}}
	tool := anthropic.ToolUnionParamOfTool(schema, "weather")
	tool.OfTool.Description = anthropic.String("Tells it")
	var format map[string]any
	if err := json.Unmarshal([]byte(weatherSchema), &format); err != nil {
		panic(err) // a constant of this file
	}
	return anthropic.MessageNewParams{
		Model: "real-model", MaxTokens: 100, Temperature: anthropic.Float(0.5), TopP: anthropic.Float(0.9), StopSequences: []string{"END"},
		Metadata:     anthropic.MetadataParam{UserID: anthropic.String("u1")},
		System:       []anthropic.TextBlockParam{{Text: "Be brief"}},
		Tools:        []anthropic.ToolUnionParam{tool},
		ToolChoice:   anthropic.ToolChoiceUnionParam{OfAny: &anthropic.ToolChoiceAnyParam{DisableParallelToolUse: anthropic.Bool(true)}},
		Thinking:     anthropic.ThinkingConfigParamUnion{OfAdaptive: &anthropic.ThinkingConfigAdaptiveParam{}},
		OutputConfig: anthropic.OutputConfigParam{Effort: "low", Format: anthropic.JSONOutputFormatParam{Schema: format}},
		Messages: []anthropic.MessageParam{
			anthropic.NewUserMessage(anthropic.NewTextBlock("What is this?"), anthropic.NewImageBlockBase64("image/png", "iVBO"),
				anthropic.NewImageBlock(anthropic.URLImageSourceParam{URL: "https://example.com/a.png"})),
			anthropic.NewAssistantMessage(
				anthropic.NewToolUseBlock("toolu_1", map[string]string{"city": "Rome"}, "weather"),
				anthropic.NewToolUseBlock("toolu_2", map[string]string{"city": "Oslo"}, "weather")),
			anthropic.NewUserMessage(
				anthropic.ContentBlockParamUnion{OfToolResult: &anthropic.ToolResultBlockParam{ToolUseID: "toolu_1", Content: []anthropic.ToolResultBlockParamContentUnion{{OfText: &anthropic.TextBlockParam{Text: "hot"}}}}},
				anthropic.ContentBlockParamUnion{OfToolResult: &anthropic.ToolResultBlockParam{ToolUseID: "toolu_2", Content: []anthropic.ToolResultBlockParamContentUnion{{OfText: &anthropic.TextBlockParam{Text: "cold"}}}}}),
		},
	}
}

// sameJSON compares a body with what an SDK would have sent.
func sameJSON(t *testing.T, got string, want any) {
	t.Helper()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, got, string(data))
}

// TestOpenAIToAnthropic translates for a client of OpenAI's API.
func TestOpenAIToAnthropic(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, anthropicAnswer))
	client := newOpenAI(testkit.Start(t, toAnthropic(u)))
	got, err := client.Chat.Completions.New(t.Context(), openAIConversation(t))
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, u.Requests()[0].Body, anthropicConversation())
	choice := got.Choices[0]
	if choice.Message.Content != "fine" || choice.FinishReason != "tool_calls" || choice.Message.ToolCalls[0].Function.Arguments != `{"city":"Rome"}` ||
		got.Usage.PromptTokens != 7 || got.Usage.PromptTokensDetails.CachedTokens != 4 || got.Usage.TotalTokens != 9 || got.Created == 0 {
		t.Errorf("got %s", got.RawJSON())
	}

	u.Answer(testkit.Stream(anthropicStart, anthropicText, anthropicTool, anthropicStop))
	params := openAIConversation(t)
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	acc := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil || len(acc.Choices) != 1 {
		t.Fatalf("got %+v, %v", acc, err)
	}
	choice = acc.Choices[0]
	if choice.Message.Content != "fine" || choice.FinishReason != "tool_calls" || choice.Message.ToolCalls[0].Function.Arguments != `{"city": "Rome"}` ||
		acc.Usage.PromptTokens != 3 || acc.Usage.CompletionTokens != 15 {
		t.Errorf("got %+v", acc.ChatCompletion)
	}

	u.Answer(testkit.JSON(http.StatusBadRequest, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}`))
	_, err = client.Chat.Completions.New(t.Context(), openAIConversation(t))
	if e, ok := errors.AsType[*openai.Error](err); !ok || e.StatusCode != http.StatusBadRequest || e.Message != "prompt is too long" {
		t.Errorf("got %v", err)
	}
	u.Answer(testkit.Cut(testkit.Stream(anthropicStart, anthropicText)))
	stream = client.Chat.Completions.NewStreaming(t.Context(), params)
	for stream.Next() {
	}
	if stream.Err() == nil {
		t.Error("a stream that was cut is a success")
	}
}

// TestOpenAIToAnthropicRefuses names what Anthropic's API has no words for.
func TestOpenAIToAnthropicRefuses(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, anthropicAnswer))
	client := newOpenAI(testkit.Start(t, toAnthropic(u)))
	for field, value := range map[string]any{
		"seed": 1, "frequency_penalty": 0.5, "presence_penalty": 0.5, "n": 2, "logprobs": true, "max_completion_tokens": nil,
		"logit_bias": map[string]int{"1": 1}, "reasoning_effort": "minimal", "response_format": map[string]string{"type": "json_object"},
	} {
		_, err := client.Chat.Completions.New(t.Context(), openAIConversation(t), option.WithJSONSet(field, value))
		e, ok := errors.AsType[*openai.Error](err)
		name := strings.TrimPrefix(field, "max_completion_") // the dialects share the rest
		if !ok || e.StatusCode != http.StatusBadRequest || e.Code != "unsupported_parameter" || !strings.Contains(e.Message, strings.TrimSuffix(name, "_tokens")) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	if n := len(u.Requests()); n != 0 {
		t.Errorf("%d of them reached the provider", n)
	}
}

// TestAnthropicToOpenAI translates for a client of Anthropic's API.
func TestAnthropicToOpenAI(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"fine","tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":4}}}`))
	client := newAnthropic(testkit.Start(t, toUpstream(u)))
	params := anthropicConversation()
	params.Model = "pool"
	got, err := client.Messages.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	want := openAIConversation(t)
	want.Model, want.MaxTokens, want.MaxCompletionTokens = "real-model", openai.Int(100), openai.ChatCompletionNewParams{}.MaxCompletionTokens
	want.ResponseFormat.OfJSONSchema.JSONSchema.Name = "answer"
	sameJSON(t, u.Requests()[0].Body, want)
	if textOf(got) != "fine" || got.StopReason != anthropic.StopReasonToolUse || string(got.Content[1].Input) != `{"city":"Rome"}` ||
		got.Usage.InputTokens != 3 || got.Usage.CacheReadInputTokens != 4 || got.Usage.OutputTokens != 2 {
		t.Errorf("got %s", got.RawJSON())
	}

	tool := func(delta string) string {
		return `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[` + delta + `]},"finish_reason":null}]}` + "\n\n"
	}
	u.Answer(testkit.Stream(testkit.Role, testkit.Chunk("fi"), testkit.Chunk("ne"),
		tool(`{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}`), tool(`{"index":0,"function":{"arguments":"{\"city\":"}}`), tool(`{"index":0,"function":{"arguments":"\"Rome\"}"}}`),
		strings.Replace(testkit.Stop, `"stop"`, `"tool_calls"`, 1),
		`data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}`+"\n\n", testkit.Done))
	streamed, err := accumulate(t, client, params)
	if err != nil || textOf(&streamed) != "fine" || streamed.StopReason != anthropic.StopReasonToolUse || len(streamed.Content) != 2 ||
		string(streamed.Content[1].Input) != `{"city":"Rome"}` || streamed.Usage.InputTokens != 7 || streamed.Usage.OutputTokens != 2 {
		t.Errorf("got %+v, %v", streamed, err)
	}

	for field, value := range map[string]any{
		"top_k": 5, "service_tier": "auto", "thinking": map[string]any{"type": "enabled", "budget_tokens": 2000},
		"output_config": map[string]any{"format": map[string]string{"type": "xml"}},
	} {
		_, err := client.Messages.New(t.Context(), params, anthropicoption.WithJSONSet(field, value))
		e, ok := errors.AsType[*anthropic.Error](err)
		if !ok || e.StatusCode != http.StatusBadRequest || !strings.Contains(e.RawJSON(), field) || !strings.Contains(e.RawJSON(), "invalid_request_error") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
