package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/einstack/glide/internal/testkit"
)

const (
	bedrockModel    = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-x-v1:0"
	bedrockSettings = `bedrock: {model: "` + bedrockModel + `", region: eu-west-1, access_key_id: AKID, secret_access_key: secret, session_token: token, base_url: "%s"}`
)

// An answer of Bedrock, as its documentation records it.
const bedrockWhole = `{"metrics":{"latencyMs":9},"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"sig"}}},{"text":"fine"},{"toolUse":{"toolUseId":"toolu_1","name":"weather","input":{"city":"Rome"}}}]}},"stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":5,"totalTokens":12,"cacheReadInputTokens":4}}`

// bedrockStream answers with messages that the SDK's own encoder writes. Each is the type
// of an event and its payload.
func bedrockStream(t *testing.T, messages ...string) http.HandlerFunc {
	t.Helper()
	var b bytes.Buffer
	encoder := eventstream.NewEncoder()
	for _, message := range messages {
		kind, payload, _ := strings.Cut(message, " ")
		headers := eventstream.Headers{
			{Name: ":content-type", Value: eventstream.StringValue("application/json")}, {Name: "n", Value: eventstream.Int32Value(1)},
			{Name: "at", Value: eventstream.TimestampValue(time.Unix(1, 0))}, {Name: "b", Value: eventstream.BytesValue("x")}, {Name: "yes", Value: eventstream.BoolValue(true)},
		}
		if name, ok := strings.CutPrefix(kind, "!"); ok {
			headers = append(headers, eventstream.Header{Name: ":message-type", Value: eventstream.StringValue("exception")}, eventstream.Header{Name: ":exception-type", Value: eventstream.StringValue(name)})
		} else {
			headers = append(headers, eventstream.Header{Name: ":message-type", Value: eventstream.StringValue("event")}, eventstream.Header{Name: ":event-type", Value: eventstream.StringValue(kind)})
		}
		if err := encoder.Encode(&b, eventstream.Message{Headers: headers, Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		fmt.Fprint(w, b.String())
	}
}

// TestBedrock compares what Bedrock gets with what its own SDK sends.
func TestBedrock(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, bedrockWhole))
	params := openAIConversation(t, "user", "parallel_tool_calls", "reasoning_effort")
	content := &params.Messages[1].OfUser.Content.OfArrayOfContentParts
	*content = (*content)[:2] // an image at a URL is refused
	begin := []string{
		`messageStart {"role":"assistant"}`, `contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}`,
		`contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"sig"}}}`, `contentBlockStop {"contentBlockIndex":0}`,
		`contentBlockDelta {"contentBlockIndex":1,"delta":{"text":"fine"}}`, `contentBlockStop {"contentBlockIndex":1}`,
	}
	whole := append(begin[:len(begin):len(begin)],
		`contentBlockStart {"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"toolu_1","name":"weather"}}}`,
		`contentBlockDelta {"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"city\":"}}}`, `contentBlockDelta {"contentBlockIndex":2,"delta":{"toolUse":{"input":"\"Rome\"}"}}}`,
		`contentBlockStop {"contentBlockIndex":2}`, `messageStop {"stopReason":"tool_use"}`,
		`metadata {"usage":{"inputTokens":3,"outputTokens":5,"totalTokens":12,"cacheReadInputTokens":4},"metrics":{"latencyMs":9}}`)
	checkWire(t, u, bedrockSettings, wire{
		answer: bedrockWhole, thinks: "hm", input: 7, output: 5, cached: 4,
		stream: bedrockStream(t, whole...), cut: testkit.Cut(bedrockStream(t, begin...)),
		failed:    bedrockStream(t, begin[0], `!modelStreamErrorException {"message":"out of order"}`),
		throttled: retryIn30(testkit.JSON(http.StatusTooManyRequests, `{"message":"slow down"}`)),
		refused:   testkit.JSON(http.StatusForbidden, `{"message":"The security token included in the request is invalid."}`),
	}, params)
	checkRefusals(t, u, bedrockSettings, params, map[string]any{
		"user": "u", "parallel_tool_calls": false, "n": 2, "logprobs": true, "seed": 1, "frequency_penalty": 1, "presence_penalty": 1,
		"reasoning_effort": "low", "tool_choice": "none", "messages.1.content.1.image_url.url": "https://example.com/a.png",
		"response_format": map[string]string{"type": "json_object"},
	})

	u.Answer(testkit.JSON(http.StatusOK, bedrockWhole))
	client := newOpenAI(testkit.Start(t, toProvider(u, bedrockSettings)))
	if _, err := client.Chat.Completions.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	got := latest(t, u)
	credentials := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	sdk := bedrockruntime.New(bedrockruntime.Options{
		Region: "eu-west-1", BaseEndpoint: &u.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	})
	if _, err := sdk.Converse(t.Context(), converseInput()); err != nil {
		t.Fatal(err)
	}
	sameRequest(t, got, latest(t, u), "Content-Type")
	checkSignature(t, u, got, credentials)

	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	for stream.Next() {
	}
	stream.Close()
	got = latest(t, u)
	// What it answers is no stream; how it is asked counts.
	_, _ = sdk.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(bedrockModel)})
	if want := latest(t, u); got.Path != want.Path {
		t.Errorf("the provider is asked for a stream by %s, but its SDK does by %s", got.Path, want.Path)
	}
}

// converseInput is the conversation in the words of Bedrock's SDK.
func converseInput() *bedrockruntime.ConverseInput {
	schema := map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}}
	use := func(id, city string) types.ContentBlock {
		return &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{ToolUseId: &id, Name: aws.String("weather"), Input: document.NewLazyDocument(map[string]any{"city": city})}}
	}
	result := func(id, text string) types.ContentBlock {
		return &types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: &id, Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: text}}}}
	}
	return &bedrockruntime.ConverseInput{
		ModelId:         aws.String(bedrockModel),
		System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "Be brief"}},
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(100), Temperature: aws.Float32(0.5), TopP: aws.Float32(0.9), StopSequences: []string{"END"}},
		ToolConfig: &types.ToolConfiguration{
			ToolChoice: &types.ToolChoiceMemberAny{},
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
				Name: aws.String("weather"), Description: aws.String("Tells it"), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)}}}},
		},
		OutputConfig: &types.OutputConfig{TextFormat: &types.OutputFormat{Type: types.OutputFormatTypeJsonSchema, Structure: &types.OutputFormatStructureMemberJsonSchema{
			Value: types.JsonSchemaDefinition{Name: aws.String("n"), Schema: aws.String(weatherSchemaSorted)}}}},
		Messages: []types.Message{
			{Role: "user", Content: []types.ContentBlock{
				&types.ContentBlockMemberText{Value: "What is this?"},
				&types.ContentBlockMemberImage{Value: types.ImageBlock{Format: "png", Source: &types.ImageSourceMemberBytes{Value: []byte("\x89PN")}}}}},
			{Role: "assistant", Content: []types.ContentBlock{use("toolu_1", "Rome"), use("toolu_2", "Oslo")}},
			{Role: "user", Content: []types.ContentBlock{result("toolu_1", "hot"), result("toolu_2", "cold")}},
		},
	}
}

// weatherSchemaSorted is the schema as the OpenAI client of these tests writes it.
const weatherSchemaSorted = `{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}`

// checkSignature lets the SDK's signer sign the same request at the same time.
func checkSignature(t *testing.T, u *testkit.Upstream, got testkit.Request, credentials aws.Credentials) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.URL+got.Path, strings.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", got.Header.Get("Content-Type"))
	at, err := time.Parse("20060102T150405Z", got.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at) > time.Minute {
		t.Fatalf("it is signed at %s, %v", at, err)
	}
	hash := sha256.Sum256([]byte(got.Body))
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, req, hex.EncodeToString(hash[:]), "bedrock", "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if g, w := got.Header.Get(name), req.Header.Get(name); g != w {
			t.Errorf("%s: got\n%s, but the SDK says\n%s", name, g, w)
		}
	}
}

// TestBedrockKeys takes credentials from the environment, and keys without a signature.
func TestBedrockKeys(t *testing.T) {
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, bedrockWhole))
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID2")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	settings := `bedrock: {model: amazon.nova-lite-v1:0, base_url: "%s", default_params: {inferenceConfig: {maxTokens: 5, topP: 1}}}`
	for _, key := range []string{"", "key"} {
		t.Setenv("AWS_BEARER_TOKEN_BEDROCK", key)
		client := newOpenAI(testkit.Start(t, toProvider(u, settings)))
		params := say("pool", "Hello")
		params.MaxTokens.Value = 0
		if _, err := client.Chat.Completions.New(t.Context(), params); err != nil {
			t.Fatal(err)
		}
		got := latest(t, u)
		equalJSON(t, got.Body, `{"messages":[{"role":"user","content":[{"text":"Hello"}]}],"inferenceConfig":{"maxTokens":5,"topP":1}}`)
		if key != "" {
			if a := got.Header.Get("Authorization"); a != "Bearer key" {
				t.Errorf("got %q", a)
			}
			continue
		}
		checkSignature(t, u, got, aws.Credentials{AccessKeyID: "AKID2", SecretAccessKey: "secret"})
	}
}
