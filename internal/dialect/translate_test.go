package dialect_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// compact returns JSON without the spaces that make it readable in a test.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return b.String()
}

// TestTranslateRequest holds requests with all that can be said against what a provider is
// to get, byte for byte: nothing is lost, nothing is added.
func TestTranslateRequest(t *testing.T) {
	tests := []struct {
		name       string
		from       dialect.Chat
		to         dialect.Upstream
		body, want string
	}{
		{"openai to anthropic", dialect.OpenAIChat, dialect.AnthropicUpstream, `{
			"model": "pool", "max_completion_tokens": 100, "temperature": 0, "top_p": 0.5, "stop": "END", "user": "u1", "n": 1, "stream": true,
			"messages": [
				{"role": "system", "content": "Be brief"}, {"role": "developer", "content": [{"type": "text", "text": "Be kind"}]},
				{"role": "user", "content": [{"type": "text", "text": "What is <this>?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
				{"role": "assistant", "content": "Let me see", "tool_calls": [
					{"id": "a", "type": "function", "function": {"name": "look", "arguments": " {\"deep\": 12345678901234567890}"}},
					{"id": "b", "type": "function", "function": {"name": "look", "arguments": ""}}]},
				{"role": "tool", "tool_call_id": "a", "content": "a cat"}, {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "a dog"}]},
				{"role": "user", "content": "And now?"}],
			"tools": [{"type": "function", "function": {"name": "look", "description": "Look", "parameters": {"type": "object", "properties": {"deep": {"type": "integer"}}}, "strict": true}}, {"type": "function", "function": {"name": "nothing"}}],
			"tool_choice": {"type": "function", "function": {"name": "look"}}, "parallel_tool_calls": false,
			"response_format": {"type": "json_schema", "json_schema": {"name": "out", "strict": true, "schema": {"type": "object"}}},
			"reasoning_effort": "high"}`, `{
			"model": "m", "max_tokens": 100,
			"system": [{"type": "text", "text": "Be brief"}, {"type": "text", "text": "Be kind"}],
			"messages": [
				{"role": "user", "content": [{"type": "text", "text": "What is <this>?"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}, {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]},
				{"role": "assistant", "content": [{"type": "text", "text": "Let me see"}, {"type": "tool_use", "id": "a", "name": "look", "input": {"deep": 12345678901234567890}}, {"type": "tool_use", "id": "b", "name": "look", "input": {}}]},
				{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "a cat"}]}, {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "a dog"}]}]},
				{"role": "user", "content": [{"type": "text", "text": "And now?"}]}],
			"stream": true, "temperature": 0, "top_p": 0.5, "stop_sequences": ["END"],
			"tools": [{"name": "look", "description": "Look", "input_schema": {"type": "object", "properties": {"deep": {"type": "integer"}}}, "strict": true}, {"name": "nothing", "input_schema": {"type": "object", "properties": {}}}],
			"tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": true},
			"thinking": {"type": "adaptive"}, "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}},
			"metadata": {"user_id": "u1"}}`},
		{"anthropic to openai", dialect.AnthropicMessages, dialect.OpenAIUpstream, `{
			"model": "pool", "max_tokens": 100, "temperature": 1, "top_p": 0.5, "stop_sequences": ["END", "STOP"], "metadata": {"user_id": "u1"}, "stream": true,
			"system": [{"type": "text", "text": "Be brief", "cache_control": {"type": "ephemeral"}}],
			"messages": [
				{"role": "user", "content": [{"type": "text", "text": "What is <this>?"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
				{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Let me see"}, {"type": "tool_use", "id": "a", "name": "look", "input": {"deep": 12345678901234567890}}]},
				{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "a cat", "is_error": true}, {"type": "text", "text": "And now?"}]}],
			"tools": [{"name": "look", "description": "Look", "input_schema": {"type": "object"}}],
			"tool_choice": {"type": "any", "disable_parallel_tool_use": true}}`, `{
			"model": "m",
			"messages": [
				{"role": "system", "content": "Be brief"},
				{"role": "user", "content": [{"type": "text", "text": "What is <this>?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
				{"role": "assistant", "content": "Let me see", "reasoning_content": "hm", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{\"deep\": 12345678901234567890}"}}]},
				{"role": "tool", "content": [{"type": "text", "text": "The tool failed."}, {"type": "text", "text": "a cat"}], "tool_call_id": "a"},
				{"role": "user", "content": "And now?"}],
			"stream": true, "stream_options": {"include_usage": true}, "max_completion_tokens": 100, "temperature": 1, "top_p": 0.5, "stop": ["END", "STOP"],
			"tools": [{"type": "function", "function": {"name": "look", "description": "Look", "parameters": {"type": "object"}}}],
			"tool_choice": "required", "parallel_tool_calls": false, "user": "u1"}`},
		{"nothing but what is needed, to anthropic", dialect.OpenAIChat, dialect.AnthropicUpstream,
			`{"model": "pool", "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}`},
		{"messages that say nothing, to anthropic", dialect.OpenAIChat, dialect.AnthropicUpstream,
			`{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "y"}]}`, `{"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}, {"role": "user", "content": [{"type": "text", "text": "y"}]}]}`},
		{"nothing but what is needed, to openai", dialect.AnthropicMessages, dialect.OpenAIUpstream,
			`{"model": "pool", "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "messages": [{"role": "user", "content": "x"}]}`},
		{"the older limit", dialect.AnthropicMessages, dialect.CompatibleUpstream,
			`{"max_tokens": 7, "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 7}`},
		{"the highest effort", dialect.AnthropicMessages, dialect.OpenAIUpstream,
			`{"output_config": {"effort": "max"}, "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": "max"}`},
		{"a tool without a type", dialect.OpenAIChat, dialect.OpenAIUpstream,
			`{"messages": [{"role": "user", "content": "x"}], "tools": [{"function": {"name": "f"}}]}`, `{"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f"}}]}`},
		{"a seed of twenty digits", dialect.OpenAIChat, dialect.OpenAIUpstream,
			`{"seed": 12345678901234567890, "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "messages": [{"role": "user", "content": "x"}], "seed": 12345678901234567890}`},
		{"openai to ollama", dialect.OpenAIChat, dialect.Ollama, `{
			"model": "pool", "seed": 7, "stop": "END", "top_p": 0.5, "frequency_penalty": 0, "presence_penalty": 1, "stream": true, "tool_choice": "auto", "reasoning_effort": "none",
			"messages": [
				{"role": "system", "content": "Be brief"}, {"role": "developer", "content": "Be kind"},
				{"role": "user", "content": [{"type": "text", "text": "What is <this>?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"}}, {"type": "text", "text": "And that?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,BBBB"}}]},
				{"role": "assistant", "reasoning_content": "hm", "content": "Let me see", "tool_calls": [
					{"id": "a", "type": "function", "function": {"name": "look", "arguments": " {\"deep\": 12345678901234567890}"}},
					{"id": "b", "type": "function", "function": {"name": "nothing", "arguments": ""}}]},
				{"role": "tool", "tool_call_id": "a", "content": "a cat"}, {"role": "tool", "tool_call_id": "b", "content": ""},
				{"role": "user", "content": ""}],
			"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"deep": {"type": "integer"}}}, "strict": false}}, {"type": "function", "function": {"name": "nothing"}}],
			"response_format": {"type": "json_object"}}`, `{
			"model": "m", "stream": true,
			"messages": [
				{"role": "system", "content": "Be brief\n\nBe kind"},
				{"role": "user", "content": "What is <this>?\n\nAnd that?", "images": ["AAAA", "BBBB"]},
				{"role": "assistant", "content": "Let me see", "thinking": "hm", "tool_calls": [{"id": "a", "function": {"index": 0, "name": "look", "arguments": {"deep": 12345678901234567890}}}, {"id": "b", "function": {"index": 1, "name": "nothing", "arguments": {}}}]},
				{"role": "tool", "content": "a cat", "tool_name": "look", "tool_call_id": "a"}, {"role": "tool", "content": "", "tool_name": "nothing", "tool_call_id": "b"},
				{"role": "user", "content": ""}],
			"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"deep": {"type": "integer"}}}}}, {"type": "function", "function": {"name": "nothing", "parameters": {"type": "object", "properties": {}}}}],
			"format": "json", "think": false,
			"options": {"top_p": 0.5, "seed": 7, "frequency_penalty": 0, "presence_penalty": 1, "stop": ["END"]}}`},
		{"anthropic to ollama", dialect.AnthropicMessages, dialect.Ollama, `{
			"max_tokens": 9, "top_k": 3, "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
			"messages": [
				{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "look", "input": {}}]},
				{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "a cat", "is_error": true}, {"type": "text", "text": "And now?"}]}]}`, `{
			"model": "m", "stream": false,
			"messages": [
				{"role": "assistant", "content": "", "tool_calls": [{"id": "a", "function": {"index": 0, "name": "look", "arguments": {}}}]},
				{"role": "tool", "content": "The tool failed.\n\na cat", "tool_name": "look", "tool_call_id": "a"}, {"role": "user", "content": "And now?"}],
			"format": {"type": "object"}, "options": {"num_predict": 9, "top_k": 3}}`},
		{"nothing but what is needed, to ollama", dialect.OpenAIChat, dialect.Ollama,
			`{"model": "pool", "messages": [{"role": "user", "content": "x"}]}`, `{"model": "m", "stream": false, "messages": [{"role": "user", "content": "x"}]}`},
		{"glide to anthropic", dialect.Glide{Origin: &dialect.Origin{Model: "a"}}, dialect.AnthropicUpstream,
			`{"message": {"role": "user", "content": "x"}, "message_history": [{"role": "system", "content": "s"}, {"role": "user", "content": "y"}, {"role": "assistant", "content": "z"}], "override_params": {"b": {"message": {"role": "user", "content": "other"}}}}`,
			`{"model": "m", "system": [{"type": "text", "text": "s"}], "messages": [{"role": "user", "content": [{"type": "text", "text": "y"}]}, {"role": "assistant", "content": [{"type": "text", "text": "z"}]}, {"role": "user", "content": [{"type": "text", "text": "x"}]}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := tt.from.DecodeRequest([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.to.EncodeRequest(req, "m")
			// The space inside of a tool's arguments is the client's own.
			if want := compact(t, tt.want); err != nil || compact(t, string(got)) != want {
				t.Errorf("got\n%s, %v, want\n%s", got, err, want)
			}
		})
	}
}

// TestRefusedByName sends one field after the other for which another dialect has no word.
func TestRefusedByName(t *testing.T) {
	const messages = `"messages": [{"role": "user", "content": "x"}]`
	refused := func(from dialect.Chat, to dialect.Upstream, fields map[string]string) {
		t.Helper()
		for field, value := range fields {
			name, _, _ := strings.Cut(field, " ")
			req, err := from.DecodeRequest([]byte(`{` + messages + `, "` + name + `": ` + value + `}`))
			if err == nil {
				_, err = to.EncodeRequest(req, "m")
			}
			e, ok := errors.AsType[*chat.Error](err)
			if !ok || e.Status != 400 || e.Code != chat.CodeUnsupported || !strings.Contains(e.Param+e.Message, name) {
				t.Errorf("%s: %s: got %+v", field, value, err)
			}
		}
	}
	refused(dialect.OpenAIChat, dialect.AnthropicUpstream, map[string]string{
		"n": "2", "seed": "1", "frequency_penalty": "-0.1", "presence_penalty": "0.1", "logprobs": "true", "top_logprobs": "3",
		"logit_bias": `{"1": 2}`, "metadata": `{"a": "b"}`, "store": "true", "service_tier": `"flex"`, "modalities": `["audio"]`,
		"prediction": `{"type": "content"}`, "audio": `{"voice": "x"}`, "web_search_options": `{"x": 1}`, "verbosity": `"low"`,
		"functions": `[{"name": "f"}]`, "response_format": `{"type": "json_object"}`, "reasoning_effort": `"minimal"`,
		"stream_options": `{"include_obfuscation": true}`, "top_k": "4", "tools": `[{"type": "custom"}]`,
		"tool_choice": `{"type": "allowed_tools"}`, "stop (of another form)": `{"after": 3}`,
	})
	refused(dialect.AnthropicMessages, dialect.OpenAIUpstream, map[string]string{
		"top_k": "4", "thinking": `{"type": "enabled", "budget_tokens": 2000}`, "container": `"c"`, "mcp_servers": `[{"x": 1}]`,
		"service_tier": `"auto"`, "context_management": `{"edits": [1]}`, "tools": `[{"type": "bash_20250124", "name": "bash"}]`,
		"output_config": `{"format": {"type": "xml"}}`,
		"system":        `[{"type": "search_result", "source": "https://example.com"}]`, "system (a result)": `[{"type": "code_execution_tool_result", "content": {"type": "x"}}]`,
	})
	const turns = `{"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]}`
	for _, from := range []dialect.Chat{dialect.OpenAIChat, dialect.AnthropicMessages} {
		_, err := from.DecodeRequest([]byte(turns))
		if e, ok := errors.AsType[*chat.Error](err); !ok || e.Code != chat.CodeUnsupported || e.Param != "messages[1].role" {
			t.Errorf("instructions in the middle: got %+v", err)
		}
	}
}

// TestOllamaAnswers takes what Ollama sends as answers, and what looks like one but is none.
func TestOllamaAnswers(t *testing.T) {
	const begin = `{"model":"m","created_at":"2026-01-02T03:04:05.6Z","message":{"role":"assistant"`
	for name, tt := range map[string]struct {
		body, want string
		finish     chat.Finish
	}{
		"limit":           {begin + `,"content":"x"},"done":true,"done_reason":"length"}`, "[{x}]", chat.Length},
		"call without id": {begin + `,"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g"}}]},"done":true,"done_reason":"stop"}`, `[{call_1886caf240597800_0 f {"a":1} } {call_1886caf240597800_1 g {} }]`, chat.ToolUse},
		"nothing to say":  {begin + `,"content":""},"done":true,"done_reason":"stop"}`, "[]", chat.Stop},
		"loaded":          {begin + `,"content":""},"done":true,"done_reason":"load"}`, "the model stopped for the reason load", ""},
		"connection lost": {begin + `,"content":"x"},"done":true}`, "the model stopped without a reason", ""},
		"not done":        {begin + `,"content":"x"},"done":false}`, "unexpected EOF", ""},
		"error with 200":  {`{"error":"out of order"}`, "the provider reported an error in the stream: out of order", ""},
		"something else":  {`[1]`, "read the answer: json: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := dialect.Ollama.DecodeResponse([]byte(tt.body))
			if tt.finish == "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %+v, %v", r, err)
				}
				return
			}
			if err != nil || fmt.Sprint(r.Parts) != tt.want || r.Finish != tt.finish || r.Model != "m" || r.Created != 1767323045 {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

// wire translates a stream to the bytes that a client gets.
func wire(t *testing.T, from dialect.Upstream, to dialect.Chat, req *chat.Request, text string) (string, dialect.Progress) {
	t.Helper()
	stream, encoder := from.DecodeStream(io.NopCloser(strings.NewReader(text))), to.NewEncoder(req)
	var out []byte
	for {
		ev, err := stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := ev.(chat.Start); ok {
			start.Created = 7
			ev = start
		}
		out = encoder.Encode(out, ev)
	}
	var p dialect.Progress
	for event := range strings.SplitAfterSeq(string(out), "\n\n") {
		to.Follow(&p, []byte(event))
	}
	return string(out), p
}

// TestTokensOfStreams counts the tokens of translated streams as the provider does,
// cached ones and reasoning included, in the words of the client's dialect.
func TestTokensOfStreams(t *testing.T) {
	const anthropic = `data: {"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":10,"cache_read_input_tokens":4,"cache_creation_input_tokens":2,"output_tokens":1}}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}

data: {"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}}

data: {"type":"message_stop"}

`
	const openai = `data: {"id":"i","created":7,"model":"m","choices":[{"delta":{"content":"x"}}]}

data: {"choices":[{"delta":{},"finish_reason":"length"}]}

data: {"choices":[],"usage":{"prompt_tokens":16,"completion_tokens":5,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}

data: [DONE]

`
	tests := []struct {
		name string
		from dialect.Upstream
		to   dialect.Chat
		text string
		want string // the usage on the wire
	}{
		{"anthropic to openai", dialect.AnthropicUpstream, dialect.OpenAIChat, anthropic,
			`"usage":{"prompt_tokens":16,"completion_tokens":5,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}`},
		{"anthropic to glide", dialect.AnthropicUpstream, dialect.Glide{Origin: new(dialect.Origin), Stream: true}, anthropic,
			`"token_usage":{"prompt_tokens":16,"response_tokens":5,"total_tokens":21}},"finish_reason":"max_tokens"}`},
		{"openai to anthropic", dialect.OpenAIUpstream, dialect.AnthropicMessages, openai,
			`"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}}`},
		{"openai to glide", dialect.OpenAIUpstream, dialect.Glide{Origin: new(dialect.Origin), Stream: true}, openai,
			`"token_usage":{"prompt_tokens":16,"response_tokens":5,"total_tokens":21}},"finish_reason":"max_tokens"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, p := wire(t, tt.from, tt.to, &chat.Request{StreamUsage: true}, tt.text)
			if !strings.Contains(got, tt.want) || !p.Done || p.Usage.Input != 16 || p.Usage.Output != 5 {
				t.Errorf("got %+v of\n%s", p, got)
			}
		})
	}
	t.Run("not asked for", func(t *testing.T) {
		if got, _ := wire(t, dialect.AnthropicUpstream, dialect.OpenAIChat, &chat.Request{}, anthropic); strings.Contains(got, `"usage"`) {
			t.Errorf("got %s", got)
		}
	})
}
