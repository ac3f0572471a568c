package clients

import (
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"google.golang.org/genai"

	"github.com/einstack/glide/internal/testkit"
)

const geminiSettings = `gemini: {model: gemini-2.5-flash, api_key: secret, base_url: "%s/v1beta"}`

// Answers of Gemini's API, as its documentation records them.
const (
	geminiUsage = `"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":2,"totalTokenCount":12,"thoughtsTokenCount":3,"cachedContentTokenCount":4},"modelVersion":"gemini-2.5-flash","responseId":"r1"}`
	geminiCall  = `{"functionCall":{"name":"weather","args":{"city":"Rome"}},"thoughtSignature":"c2ln"}`
	geminiWhole = `{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"fine"},` + geminiCall + `],"role":"model"},"finishReason":"STOP","index":0}],` + geminiUsage
	geminiError = `{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"29.7s"}]}}`
	geminiKey   = `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`
)

// geminiPart returns an event with a part, which ends the answer for a reason if given.
func geminiPart(part, finish string) string {
	return `data: {"candidates":[{"content":{"parts":[` + part + `],"role":"model"}` + finish + `}],` + geminiUsage + "\r\n\r\n"
}

func geminiSDK(t *testing.T, u *testkit.Upstream) *genai.Client {
	t.Helper()
	client, err := genai.NewClient(t.Context(), &genai.ClientConfig{APIKey: "secret", Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: u.URL}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestGemini compares what Gemini gets with what its own SDK sends.
func TestGemini(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, geminiWhole))
	params := openAIConversation(t, "user", "parallel_tool_calls")
	checkWire(t, u, geminiSettings, wire{
		answer: geminiWhole, thinks: "hm", input: 7, output: 5, cached: 4,
		stream:    testkit.Stream(geminiPart(`{"text":"hm","thought":true}`, ""), geminiPart(`{"text":"fi"}`, ""), geminiPart(`{"text":"ne"}`, ""), geminiPart(geminiCall, `,"finishReason":"STOP"`)),
		cut:       testkit.Cut(testkit.Stream(geminiPart(`{"text":"fi"}`, ""))),
		failed:    testkit.Stream(`data: {"error":{"code":500,"message":"out of order","status":"INTERNAL"}}` + "\n\n"),
		throttled: testkit.JSON(http.StatusTooManyRequests, geminiError),
		refused:   testkit.JSON(http.StatusBadRequest, geminiKey),
	}, params)
	checkRefusals(t, u, geminiSettings, params, map[string]any{
		"user": "u", "parallel_tool_calls": false, "n": 2, "logprobs": true, "reasoning_effort": "max",
		"response_format.json_schema.description": "d", "messages.1.content.2.image_url.url": "http://example.com/a",
	})

	u.Answer(testkit.JSON(http.StatusOK, geminiWhole))
	client := newOpenAI(testkit.Start(t, toProvider(u, geminiSettings)))
	if _, err := client.Chat.Completions.New(t.Context(), params, option.WithJSONSet("seed", 7), option.WithJSONSet("frequency_penalty", 0.5)); err != nil {
		t.Fatal(err)
	}
	got := latest(t, u)
	contents := []*genai.Content{
		{Role: "user", Parts: []*genai.Part{
			{Text: "What is this?"}, {InlineData: &genai.Blob{MIMEType: "image/png", Data: []byte("\x89PN")}}, {FileData: &genai.FileData{MIMEType: "image/png", FileURI: "https://example.com/a.png"}}}},
		{Role: "model", Parts: []*genai.Part{
			{FunctionCall: &genai.FunctionCall{ID: "toolu_1", Name: "weather", Args: map[string]any{"city": "Rome"}}},
			{FunctionCall: &genai.FunctionCall{ID: "toolu_2", Name: "weather", Args: map[string]any{"city": "Oslo"}}}}},
		{Role: "user", Parts: []*genai.Part{
			{FunctionResponse: &genai.FunctionResponse{ID: "toolu_1", Name: "weather", Response: map[string]any{"output": "hot"}}},
			{FunctionResponse: &genai.FunctionResponse{ID: "toolu_2", Name: "weather", Response: map[string]any{"output": "cold"}}}}},
	}
	schema := map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}}
	config := &genai.GenerateContentConfig{
		SystemInstruction: &genai.Content{Parts: []*genai.Part{{Text: "Be brief"}}},
		Temperature:       genai.Ptr[float32](0.5), TopP: genai.Ptr[float32](0.9), MaxOutputTokens: 100, StopSequences: []string{"END"},
		Seed: genai.Ptr[int32](7), FrequencyPenalty: genai.Ptr[float32](0.5),
		ResponseMIMEType: "application/json", ResponseJsonSchema: schema,
		Tools:          []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{Name: "weather", Description: "Tells it", ParametersJsonSchema: schema}}}},
		ToolConfig:     &genai.ToolConfig{FunctionCallingConfig: &genai.FunctionCallingConfig{Mode: genai.FunctionCallingConfigModeAny}},
		ThinkingConfig: &genai.ThinkingConfig{ThinkingBudget: genai.Ptr[int32](1024)},
	}
	if _, err := geminiSDK(t, u).Models.GenerateContent(t.Context(), "gemini-2.5-flash", contents, config); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u), "X-Goog-Api-Key")
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	for stream.Next() {
	}
	stream.Close()
	got = latest(t, u)
	for _, err := range geminiSDK(t, u).Models.GenerateContentStream(t.Context(), "gemini-2.5-flash", contents, config) {
		if err == nil {
			t.Error("the SDK takes a plain answer for a stream")
		}
	}
	if want := latest(t, u); got.Path != want.Path {
		t.Errorf("the provider is asked for a stream by %s, but its SDK does by %s", got.Path, want.Path)
	}
}

// TestGeminiSignatures gives the signature of a call back, wherever a client keeps it.
func TestGeminiSignatures(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, geminiWhole))
	g := testkit.Start(t, toProvider(u, `gemini: {model: gemini-3-pro, base_url: "%s/v1beta", default_params: {safetySettings: [], generationConfig: {temperature: 1, topK: 3}}}`))
	for name, tt := range map[string]struct{ path, history, call string }{
		"OpenAI, kept":     {"chat/completions", `{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]},{"role":"tool","tool_call_id":"c1","content":"hot"}`, `"c2ln"`},
		"OpenAI, lost":     {"chat/completions", `{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"hot"}`, `"skip_thought_signature_validator"`},
		"Anthropic, kept":  {"messages", `{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln"},{"type":"tool_use","id":"c1","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"hot"}]}`, `"c2ln"`},
		"Anthropic, error": {"messages", `{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":"hot"}]}`, `"skip_thought_signature_validator"`},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"model":"pool","max_tokens":9,"temperature":0.5,"messages":[{"role":"user","content":"x"},` + tt.history + `]}`
			res := postJSON(t, g.URL+"/v1/"+tt.path, body)
			key := "output"
			if name == "Anthropic, error" {
				key = "error"
			}
			equalJSON(t, latest(t, u).Body, `{"safetySettings":[],"generationConfig":{"maxOutputTokens":9,"temperature":0.5,"topK":3},"contents":[{"role":"user","parts":[{"text":"x"}]},
				{"role":"model","parts":[{"functionCall":{"id":"c1","name":"weather","args":{}},"thoughtSignature":`+tt.call+`}]},
				{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"weather","response":{"`+key+`":"hot"}}}]}]}`)
			signature := `"extra_content":{"google":{"thought_signature":"c2ln"}}`
			if tt.path == "messages" {
				signature = `{"type":"thinking","thinking":"","signature":"c2ln"}`
			}
			contains(t, res, signature)
		})
	}
}

func TestGeminiEmbeddings(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, `{"embeddings":[{"values":[0.5,1]},{"values":[2,-1]}],"usageMetadata":{"promptTokenCount":6}}`))
	client := newOpenAI(testkit.Start(t, toProvider(u, `gemini: {model: gemini-embedding-001, api_key: secret, base_url: "%s/v1beta"}`)))
	checkEmbeddings(t, client, 6)
	got := latest(t, u)
	sdk := geminiSDK(t, u)
	if _, err := sdk.Models.EmbedContent(t.Context(), "gemini-embedding-001", []*genai.Content{{Parts: []*genai.Part{{Text: "one"}}}, {Parts: []*genai.Part{{Text: "two"}}}}, &genai.EmbedContentConfig{OutputDimensionality: genai.Ptr[int32](2)}); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u))
	if _, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: "pool", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfTokens: []int64{1, 2}}}); err == nil {
		t.Error("tokens are taken")
	}
}
