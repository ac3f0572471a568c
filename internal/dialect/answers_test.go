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
		{"the model's own limit", dialect.CompatibleUpstream, openAI(`"content":"a"`, `"model_length"`), "[chat.Text{Text:a}] length"},
		{"a reason that is a failure", dialect.CompatibleUpstream, openAI(`"content":"a"`, `"insufficient_system_resource"`), "the model stopped for the reason insufficient_system_resource"},
		{"an error that promises success", dialect.CompatibleUpstream, `{"error":{"message":"overloaded","code":502}}`, "the provider reported an error: overloaded"},
		{"an error that is the answer", dialect.CompatibleUpstream, `{"object":"error","message":"too long","code":400}`, "the provider reported an error: too long"},
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
		{"no reason", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null"), "[DONE]"), "[chat.Text{Text:a}] stop"},
		{"no reason and no mark of the end", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null")), "unexpected EOF"},
		{"nothing but the mark of the end", dialect.CompatibleUpstream, events("[DONE]"), "unexpected EOF"},
		{"an error that is an event", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, "null"), `{"object":"error","message":"out of memory","code":500}`, "[DONE]"), "the provider reported an error in the stream: out of memory"},
		{"a reason that is a failure", dialect.CompatibleUpstream, events(chunk(`"content":"a"`, `"error"`), "[DONE]"), "the model stopped for the reason error"},
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
