package dialect

import (
	"bytes"
	"encoding/json"

	"github.com/einstack/glide/internal/chat"
)

// anthropicResponse is a message of the assistant, whole or as it begins.
type anthropicResponse struct {
	ID           string           `json:"id"`
	Type         string           `json:"type"`
	Role         string           `json:"role"`
	Model        string           `json:"model"`
	Content      []anthropicBlock `json:"content"`
	StopReason   *string          `json:"stop_reason"`
	StopSequence *string          `json:"stop_sequence"`
	Usage        anthropicUsage   `json:"usage"`
}

type anthropicUsage struct {
	InputTokens              int `json:"input_tokens"`
	CacheCreationInputTokens int `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int `json:"cache_read_input_tokens"`
	OutputTokens             int `json:"output_tokens"`
	OutputTokensDetails      struct {
		ThinkingTokens int `json:"thinking_tokens"`
	} `json:"output_tokens_details,omitzero"`
}

// anthropicEvent is an event of a stream. The fields of different types of events are
// side by side.
type anthropicEvent struct {
	Type         string             `json:"type"`
	Message      *anthropicResponse `json:"message,omitempty"`
	Index        *int               `json:"index,omitempty"`
	ContentBlock *anthropicBlock    `json:"content_block,omitempty"`
	Delta        *anthropicDelta    `json:"delta,omitempty"`
	Usage        *anthropicUsage    `json:"usage,omitempty"`
}

type anthropicDelta struct {
	Type        string  `json:"type,omitempty"`
	Text        string  `json:"text,omitempty"`
	PartialJSON *string `json:"partial_json,omitempty"`
	Thinking    string  `json:"thinking,omitempty"`
	Signature   string  `json:"signature,omitempty"`
	StopReason  *string `json:"stop_reason,omitempty"`
}

func encodeAnthropicUsage(u chat.Usage) anthropicUsage {
	out := anthropicUsage{
		InputTokens:              u.Input - u.CacheRead - u.CacheWrite,
		CacheCreationInputTokens: u.CacheWrite, CacheReadInputTokens: u.CacheRead, OutputTokens: u.Output,
	}
	out.OutputTokensDetails.ThinkingTokens = u.Reasoning
	return out
}

func encodeAnthropicFinish(f chat.Finish) *string {
	reason := "end_turn"
	switch f {
	case chat.Length:
		reason = "max_tokens"
	case chat.ToolUse:
		reason = "tool_use"
	case chat.Filtered:
		reason = "refusal"
	}
	return &reason
}

func (anthropicMessages) EncodeResponse(r *chat.Response) []byte {
	out := anthropicResponse{
		ID: r.ID, Type: "message", Role: "assistant", Model: r.Model, Content: []anthropicBlock{},
		StopReason: encodeAnthropicFinish(r.Finish), Usage: encodeAnthropicUsage(r.Usage),
	}
	for _, part := range r.Parts {
		switch p := part.(type) {
		case chat.Text:
			out.Content = append(out.Content, anthropicBlock{Type: "text", Text: &p.Text})
		case chat.Thinking:
			out.Content = append(out.Content, encodeAnthropicThinking(p))
		case chat.ToolCall:
			if p.Signature != "" { // clients give blocks of thinking back as they are
				out.Content = append(out.Content, encodeAnthropicThinking(chat.Thinking{Signature: p.Signature}))
			}
			out.Content = append(out.Content, anthropicBlock{Type: "tool_use", ID: p.ID, Name: p.Name, Input: toolInput(p.Arguments)})
		}
	}
	return encode(out)
}

func encodeAnthropicThinking(p chat.Thinking) anthropicBlock {
	if p.Redacted {
		return anthropicBlock{Type: "redacted_thinking", Data: p.Text}
	}
	return anthropicBlock{Type: "thinking", Thinking: &p.Text, Signature: &p.Signature}
}

// toolInput returns the arguments of a call as an object. A model may write what is no
// JSON; the client gets it as a string rather than not at all.
func toolInput(arguments string) json.RawMessage {
	switch {
	case arguments == "":
		return json.RawMessage("{}")
	case json.Valid([]byte(arguments)):
		return json.RawMessage(arguments)
	}
	return encode(arguments)
}

// objectInput returns the arguments of a call for a provider that takes an object alone.
func objectInput(call chat.ToolCall, at string) (json.RawMessage, error) {
	input := bytes.TrimSpace(toolInput(call.Arguments))
	if input[0] != '{' {
		return nil, chat.Invalid(at+".tool_calls", "the arguments of %s are not a JSON object", call.ID)
	}
	return input, nil
}

func (anthropicMessages) NewEncoder(*chat.Request) Encoder { return &anthropicEncoder{index: -1} }

type anthropicEncoder struct {
	index int
	open  string // the type of the block that is open; empty for none
}

func (e *anthropicEncoder) Encode(dst []byte, ev chat.Event) []byte {
	empty := ""
	switch ev := ev.(type) {
	case chat.Start:
		return e.event(dst, &anthropicEvent{Type: "message_start", Message: &anthropicResponse{
			ID: ev.ID, Type: "message", Role: "assistant", Model: ev.Model, Content: []anthropicBlock{}, Usage: encodeAnthropicUsage(ev.Usage),
		}})
	case chat.TextDelta:
		if ev.Text == "" {
			return dst
		}
		dst = e.begin(dst, anthropicBlock{Type: "text", Text: &empty}, false)
		return e.delta(dst, anthropicDelta{Type: "text_delta", Text: ev.Text})
	case chat.ThinkingDelta:
		if ev.Redacted {
			return e.begin(dst, anthropicBlock{Type: "redacted_thinking", Data: ev.Text}, true)
		}
		dst = e.begin(dst, anthropicBlock{Type: "thinking", Thinking: &empty, Signature: &empty}, false)
		if ev.Text != "" {
			dst = e.delta(dst, anthropicDelta{Type: "thinking_delta", Thinking: ev.Text})
		}
		if ev.Signature != "" {
			dst = e.delta(dst, anthropicDelta{Type: "signature_delta", Signature: ev.Signature})
		}
		return dst
	case chat.ToolStart:
		if ev.Signature != "" {
			dst = e.begin(dst, anthropicBlock{Type: "thinking", Thinking: &empty, Signature: &empty}, true)
			dst = e.delta(dst, anthropicDelta{Type: "signature_delta", Signature: ev.Signature})
		}
		dst = e.begin(dst, anthropicBlock{Type: "tool_use", ID: ev.ID, Name: ev.Name, Input: json.RawMessage("{}")}, true)
		return e.delta(dst, anthropicDelta{Type: "input_json_delta", PartialJSON: &empty})
	case chat.ToolDelta:
		return e.delta(dst, anthropicDelta{Type: "input_json_delta", PartialJSON: &ev.Arguments})
	case chat.End:
		dst = e.end(dst)
		usage := encodeAnthropicUsage(ev.Usage)
		dst = e.event(dst, &anthropicEvent{Type: "message_delta", Delta: &anthropicDelta{StopReason: encodeAnthropicFinish(ev.Finish)}, Usage: &usage})
		return e.event(dst, &anthropicEvent{Type: "message_stop"})
	}
	return dst
}

// begin opens a block unless one of the type is open and will do.
func (e *anthropicEncoder) begin(dst []byte, b anthropicBlock, always bool) []byte {
	if e.open == b.Type && !always {
		return dst
	}
	dst = e.end(dst)
	e.index++
	e.open = b.Type
	return e.event(dst, &anthropicEvent{Type: "content_block_start", Index: &e.index, ContentBlock: &b})
}

func (e *anthropicEncoder) delta(dst []byte, d anthropicDelta) []byte {
	return e.event(dst, &anthropicEvent{Type: "content_block_delta", Index: &e.index, Delta: &d})
}

func (e *anthropicEncoder) end(dst []byte) []byte {
	if e.open == "" {
		return dst
	}
	e.open = ""
	return e.event(dst, &anthropicEvent{Type: "content_block_stop", Index: &e.index})
}

func (e *anthropicEncoder) event(dst []byte, ev *anthropicEvent) []byte {
	return appendEvent(dst, ev.Type, encode(ev))
}
