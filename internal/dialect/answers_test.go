package dialect_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// TestAnswers takes what providers were seen to send, which their documentation may leave
// out: want is the parts and why the answer ended, or the error.
func TestAnswers(t *testing.T) {
	const call = `"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]`
	openAI := func(message, finish string) string {
		return `{"choices":[{"message":{` + message + `},"finish_reason":` + finish + `}]}`
	}
	anthropic := func(content, finish string) string {
		return `{"type":"message","content":[` + content + `],"stop_reason":"` + finish + `"}`
	}
	bedrock := func(content string) string {
		return `{"output":{"message":{"content":[` + content + `]}},"stopReason":"end_turn"}`
	}
	gemini := func(parts, finish string) string {
		return `{"candidates":[{"content":{"parts":[` + parts + `]},"finishReason":"` + finish + `"}]}`
	}
	for _, tt := range []struct {
		name       string
		from       dialect.Upstream
		body, want string
	}{
		{"pieces of content", dialect.CompatibleUpstream, openAI(`"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}],"closed":true},{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]},{"type":"text","text":"b"}]`, `"stop"`),
			"[chat.Thinking{Text:hm Signature: Redacted:false} chat.Text{Text:a} chat.Text{Text:b}] stop"},
		{"pieces of another kind", dialect.CompatibleUpstream, openAI(`"content":[{"type":"audio"}]`, `"stop"`), `read the answer: content of the type "audio" cannot be translated`},
		{"a call that was forced", dialect.OpenAIUpstream, openAI(`"content":null,`+call, `"stop"`), "[chat.ToolCall{ID:c Name:f Arguments:{} Signature:}] tool_calls"},
		{"a call without a reason", dialect.CompatibleUpstream, openAI(`"content":null,`+call, `null`), "[chat.ToolCall{ID:c Name:f Arguments:{} Signature:}] tool_calls"},
		{"calls without ids", dialect.CompatibleUpstream, `{"id":"i","choices":[{"message":{"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`,
			"[chat.ToolCall{ID:call_i_0 Name:f Arguments:{} Signature:} chat.ToolCall{ID:call_i_1 Name:g Arguments:{} Signature:}] tool_calls"},
		{"the model's own limit", dialect.CompatibleUpstream, openAI(`"content":"a"`, `"model_length"`), "[chat.Text{Text:a}] length"},
		{"a reason that is a failure", dialect.CompatibleUpstream, openAI(`"content":"a"`, `"insufficient_system_resource"`), "the model stopped for the reason insufficient_system_resource"},
		{"an error that promises success", dialect.CompatibleUpstream, `{"error":{"message":"overloaded","code":502}}`, "the provider reported an error: overloaded"},
		{"an error that is the answer", dialect.CompatibleUpstream, `{"object":"error","message":"too long","code":400}`, "the provider reported an error: too long"},

		{"a search at Anthropic", dialect.AnthropicUpstream, anthropic(`{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"}},{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","url":"u"}]},
			{"type":"code_execution_tool_result","tool_use_id":"s","content":{"type":"code_execution_result","stdout":"1"}},{"type":"mcp_tool_use","id":"m","name":"f","input":{}},{"type":"mcp_tool_result","tool_use_id":"m","content":[]},{"type":"text","text":"a"}`, "end_turn"),
			"[chat.Text{Text:a}] stop"},
		{"a turn that is paused", dialect.AnthropicUpstream, anthropic(`{"type":"text","text":"a"}`, "pause_turn"), "[chat.Text{Text:a}] length"},

		{"text with sources", dialect.Bedrock, bedrock(`{"citationsContent":{"content":[{"text":"a"}],"citations":[{"title":"t"}]}},{"text":"b"}`), "[chat.Text{Text:a} chat.Text{Text:b}] stop"},
		{"a tool at AWS", dialect.Bedrock, bedrock(`{"toolUse":{"toolUseId":"s","name":"f","input":{},"type":"server_tool_use"}},{"toolResult":{"toolUseId":"s","content":[{"json":{"out":1}}],"status":"success"}},{"text":"a"},{"toolUse":{"toolUseId":"t","name":"g","input":{},"type":"tool_use"}}`),
			"[chat.Text{Text:a} chat.ToolCall{ID:t Name:g Arguments:{} Signature:}] stop"},

		{"code at Google", dialect.Gemini, gemini(`{"executableCode":{"code":"x"},"thoughtSignature":"s"},{"codeExecutionResult":{"outcome":"OUTCOME_OK"}},{"toolCall":{"id":"1"},"thoughtSignature":"s"},{"toolResponse":{"id":"1"}},{"text":"a"}`, "STOP"), "[chat.Text{Text:a}] stop"},
		{"an image that is signed", dialect.Gemini, gemini(`{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"s"}`, "STOP"), "read the answer: it holds media, which cannot be translated"},
		{"something new", dialect.Gemini, gemini(`{"hologram":{}}`, "STOP"), "read the answer: it holds something else than text and calls, which cannot be translated"},
		{"a limit to continue from", dialect.Gemini, gemini(`{"text":"a"}`, "CONTINUATION"), "[chat.Text{Text:a}] length"},
		{"withheld by a template", dialect.Gemini, gemini(``, "MODEL_ARMOR"), "[] filtered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if r, err := tt.from.DecodeResponse([]byte(tt.body)); err != nil {
				got = err.Error()
			} else {
				got = describe(r)
			}
			if got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

// TestStreamedAnswers is as [TestAnswers] for streams.
func TestStreamedAnswers(t *testing.T) {
	events := func(data ...string) string { return "data: " + strings.Join(data, "\n\ndata: ") + "\n\n" }
	chunk := func(delta, finish string) string {
		return `{"id":"i","choices":[{"delta":{` + delta + `},"finish_reason":` + finish + `}]}`
	}
	for _, tt := range []struct {
		name       string
		from       dialect.Upstream
		wire, want string
	}{
		{"pieces of content", dialect.CompatibleUpstream, events(chunk(`"content":""`, "null"), chunk(`"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]}]`, "null"),
			chunk(`"content":[{"type":"thinking","thinking":[{"type":"text","text":"m"}]}]`, "null"), chunk(`"content":"a"`, "null"), chunk(`"content":""`, `"stop"`), "[DONE]"),
			"[chat.Thinking{Text:hm Signature: Redacted:false} chat.Text{Text:a}] stop"},
		{"calls in pieces", dialect.CompatibleUpstream, events(chunk(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]`, "null"), chunk(`"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]`, "null"),
			chunk(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}}]`, "null"), chunk(`"tool_calls":[{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}]`, `"tool_calls"`)),
			`[chat.ToolCall{ID:a Name:f Arguments:{"x":1} Signature:} chat.ToolCall{ID:b Name:f Arguments:{} Signature:}] tool_calls`},
		{"calls in pieces without ids", dialect.CompatibleUpstream, events(chunk(`"content":"a","tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]`, "null"), chunk(`"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]`, "null"),
			chunk(`"tool_calls":[{"index":1,"function":{"name":"f","arguments":"{"}}]`, "null"), chunk(`"tool_calls":[{"index":1,"function":{"arguments":"}"}}]`, `"tool_calls"`)),
			"[chat.Text{Text:a} chat.ToolCall{ID:call_i_0 Name:f Arguments:{} Signature:} chat.ToolCall{ID:call_i_1 Name:f Arguments:{} Signature:}] tool_calls"},
		{"whole calls without ids", dialect.CompatibleUpstream, events(chunk(`"tool_calls":[{"id":"","index":0,"function":{"name":"f","arguments":"{}"}},{"id":"","index":0,"function":{"name":"g","arguments":"{}"}}]`, `"stop"`)),
			"[chat.ToolCall{ID:call_i_0 Name:f Arguments:{} Signature:} chat.ToolCall{ID:call_i_1 Name:g Arguments:{} Signature:}] tool_calls"},
		{"no reason", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null"), "[DONE]"), "[chat.Text{Text:a}] stop"},
		{"no reason and no mark of the end", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null")), "unexpected EOF"},
		{"nothing but the mark of the end", dialect.CompatibleUpstream, events("[DONE]"), "unexpected EOF"},
		{"an error that is an event", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null"), `{"object":"error","message":"out of memory","code":500}`, "[DONE]"), "the provider reported an error in the stream: out of memory"},
		{"a reason that is a failure", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, `"error"`), "[DONE]"), "the model stopped for the reason error"},
		{"a search at Anthropic", dialect.AnthropicUpstream, events(`{"type":"message_start","message":{}}`,
			`{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}`, `{"type":"content_block_stop","index":0}`,
			`{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s","content":{"type":"web_search_tool_result_error","error_code":"unavailable"}}}`, `{"type":"content_block_stop","index":1}`,
			`{"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"x"}}`, `{"type":"content_block_stop","index":2}`,
			`{"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}`, `{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"a"}}`,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, `{"type":"message_stop"}`),
			"[chat.Thinking{Text:x Signature: Redacted:true} chat.Text{Text:a}] stop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if r, err := chat.Collect(tt.from.DecodeStream(io.NopCloser(strings.NewReader(tt.wire)))); err != nil {
				got = err.Error()
			} else {
				got = describe(r)
			}
			if got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func describe(r *chat.Response) string {
	parts := make([]string, 0, len(r.Parts))
	for _, p := range r.Parts {
		parts = append(parts, fmt.Sprintf("%T%+v", p, p))
	}
	return fmt.Sprint(parts, " ", r.Finish)
}

// TestErrors reads the errors of servers like OpenAI's that tell them in ways of their own.
func TestErrors(t *testing.T) {
	for body, want := range map[string]chat.Error{
		`{"error":{"message":"m","type":"t","code":404}}`: {Type: "t", Code: "404", Message: "m"},
		`{"error":"m"}`:  {Type: "api_error", Message: "m"},
		`{"detail":"m"}`: {Type: "api_error", Message: "m"},
		`{"object":"error","message":"m","type":"t","code":"1500"}`: {Type: "t", Code: "1500", Message: "m"},
		`{"detail":[{"loc":["body"],"msg":"m"}]}`:                   {Type: "api_error", Code: "provider_error", Message: `the provider answered with the status 422: {"detail":[{"loc":["body"],"msg":"m"}]}`},
		`<html>`:                                 {Type: "api_error", Code: "provider_error", Message: `the provider answered with the status 422: <html>`},
		`{"detail":"d","error":{"message":"m"}}`: {Type: "api_error", Message: "m"},
		`{"error":{"message":"m","param":"p","type":null,"code":"c"}}  `: {Type: "api_error", Param: "p", Code: "c", Message: "m"},
	} {
		want.Status = 422
		if got := dialect.CompatibleUpstream.DecodeError(422, []byte(body)); *got != want {
			t.Errorf("%s: got %+v, want %+v", body, *got, want)
		}
	}
}
