package dialect_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// TestUntranslatable refuses by name what the vocabulary has no word for.
func TestUntranslatable(t *testing.T) {
	tests := []struct {
		name   string
		from   dialect.Chat
		to     dialect.Upstream
		body   string
		param  string
		status int
	}{
		{"unknown field", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":"x"}],"vendor":{"a":1}}`, "vendor", 400},
		{"unknown field of a message", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","audio":{"id":"a"}}]}`, "messages[1].audio", 400},
		{"name of a speaker", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":"x","name":"Ann"}]}`, "messages.name", 400},
		{"audio", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":[{"type":"input_audio"}]}]}`, "messages[0].content[0].type", 400},
		{"late instructions", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":"x"},{"role":"system","content":"x"}]}`, "messages[1].role", 400},
		{"detail", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x","detail":"high"}}]}]}`, "messages[0].image_url.detail", 400},
		{"reasoning without a signature", dialect.OpenAIChat, dialect.AnthropicUpstream, `{"messages":[{"role":"assistant","content":"x","reasoning_content":"y"}]}`, "messages[0].reasoning_content", 400},
		{"document", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[{"role":"user","content":[{"type":"document"}]}]}`, "messages[0].content[0].type", 400},
		{"citations", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[{"role":"user","content":[{"type":"text","text":"x","citations":[1]}]}]}`, "messages[0].content[0].citations", 400},
		{"tool of the server", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"w"}]}`, "tools[0].type", 400},
		{"image as a result", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"url","url":"http://x"}}]}]}]}`, "messages[0].content: an image in a tool_result", 400},
		{"encrypted thinking", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[{"role":"assistant","content":[{"type":"redacted_thinking","data":"x"}]}]}`, "messages[0].content: redacted_thinking", 400},
		{"no messages", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{"messages":[]}`, "messages", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := tt.from.DecodeRequest([]byte(tt.body))
			if err == nil {
				_, err = tt.to.EncodeRequest(req, "m")
			}
			e, ok := errors.AsType[*chat.Error](err)
			if !ok || e.Param != tt.param || e.Status != tt.status {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// TestSayingNothing lets pass what clients send along although it says nothing: nulls, the
// defaults of OpenAI's API, and hints for its cache.
func TestSayingNothing(t *testing.T) {
	req, err := dialect.OpenAIChat.DecodeRequest([]byte(` {"n":1,"seed":null,"metadata":{},"frequency_penalty":0,"presence_penalty":0.0,
		"logit_bias":{},"logprobs":false,"modalities":[ "text" ],"parallel_tool_calls":true,"response_format":{"type":"text"},"service_tier":"auto",
		"store":false,"stream_options":null,"verbosity":"medium","prompt_cache_key":"k","prompt_cache_retention":"24h","prompt_cache_options":{"ttl":"30m"},
		"messages":[{"role":"user","content":[{"type":"text","text":"x","prompt_cache_breakpoint":{"mode":"explicit"}}]},
		{"role":"assistant","content":"y","refusal":null,"annotations":[],"audio":null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []dialect.Upstream{dialect.AnthropicUpstream, dialect.Bedrock, dialect.Gemini, dialect.Cohere, dialect.Ollama} {
		got, err := to.EncodeRequest(req, "m")
		if err != nil || strings.Contains(string(got), "cache") {
			t.Errorf("%T: got %s, %v", to, got, err)
		}
	}
}

// TestReencode takes an answer from one dialect to the other and back.
func TestReencode(t *testing.T) {
	want := &chat.Response{
		ID: "i", Model: "m",
		Parts: []chat.Part{
			chat.Thinking{Text: "hm", Signature: "sig"}, chat.Text{Text: "a<b"},
			chat.ToolCall{ID: "t", Name: "f", Arguments: `{"x":1}`}, chat.ToolCall{ID: "u", Name: "g", Arguments: "{}"},
		},
		Finish: chat.ToolUse, Usage: chat.Usage{Input: 9, Output: 5, CacheRead: 2, CacheWrite: 3, Reasoning: 1},
	}
	got, err := dialect.AnthropicUpstream.DecodeResponse(dialect.AnthropicMessages.EncodeResponse(want))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want, want.Usage)
	got, err = dialect.OpenAIUpstream.DecodeResponse(dialect.OpenAIChat.EncodeResponse(want))
	if err != nil {
		t.Fatal(err)
	}
	want.Parts[0] = chat.Thinking{Text: "hm"} // OpenAI has no signatures
	same(t, got, want, chat.Usage{Input: 9, Output: 5, CacheRead: 2, Reasoning: 1})
}

func same(t *testing.T, got, want *chat.Response, usage chat.Usage) {
	t.Helper()
	if got.ID != want.ID || got.Model != want.Model || got.Finish != want.Finish || got.Usage != usage || len(got.Parts) != len(want.Parts) {
		t.Fatalf("got %+v", got)
	}
	for i := range want.Parts {
		if got.Parts[i] != want.Parts[i] {
			t.Errorf("part %d: got %+v, want %+v", i, got.Parts[i], want.Parts[i])
		}
	}
}

// TestStreams takes a stream from the vocabulary to the wire and back, and follows it.
func TestStreams(t *testing.T) {
	events := []chat.Event{
		chat.Start{ID: "i", Model: "m", Created: 1}, chat.ThinkingDelta{Text: "hm"}, chat.TextDelta{Text: "a"}, chat.TextDelta{Text: "b"},
		chat.ToolStart{ID: "t", Name: "f"}, chat.ToolDelta{Arguments: `{"x":`}, chat.ToolDelta{Arguments: "1}"}, chat.ToolStart{ID: "u", Name: "g"},
		chat.End{Finish: chat.ToolUse, Usage: chat.Usage{Input: 9, Output: 5}},
	}
	for name, tt := range map[string]struct {
		dialect  dialect.Chat
		upstream dialect.Upstream
	}{
		"openai":    {dialect.OpenAIChat, dialect.OpenAIUpstream},
		"anthropic": {dialect.AnthropicMessages, dialect.AnthropicUpstream},
	} {
		t.Run(name, func(t *testing.T) {
			encoder := tt.dialect.NewEncoder(&chat.Request{StreamUsage: true})
			var wire []byte
			var p dialect.Progress
			for i, ev := range events {
				at := len(wire)
				wire = encoder.Encode(wire, ev)
				for event := range strings.SplitAfterSeq(string(wire[at:]), "\n\n") {
					tt.dialect.Follow(&p, []byte(event))
				}
				if i == 0 && p.Content || i == 1 && !p.Content || p.Finished != (i == len(events)-1) {
					t.Errorf("after %T: %+v", ev, p)
				}
			}
			if !p.Done || p.Usage.Total() != 14 {
				t.Errorf("got %+v", p)
			}
			stream := tt.upstream.DecodeStream(io.NopCloser(strings.NewReader(string(wire))))
			for _, want := range events {
				got, err := stream.Next()
				if start, ok := got.(chat.Start); ok {
					start.Created = 1
					got = start
				}
				if err != nil || got != want {
					t.Fatalf("got %+v, %v, want %+v", got, err, want)
				}
			}
			if _, err := stream.Next(); err != io.EOF {
				t.Errorf("got %v", err)
			}
			cut := tt.upstream.DecodeStream(io.NopCloser(strings.NewReader(string(wire[:len(wire)/2]))))
			var err error
			for err == nil {
				_, err = cut.Next()
			}
			if err == io.EOF {
				t.Error("a stream that was cut is complete")
			}
		})
	}
}
