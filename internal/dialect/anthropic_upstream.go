package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// AnthropicUpstream is Anthropic's messages API as a provider speaks it.
var AnthropicUpstream Upstream = anthropicUpstream{}

type anthropicUpstream struct{ ofEvents }

const anthropicAPI = "Anthropic's API"

func (anthropicUpstream) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	switch {
	case req.Seed != nil:
		return nil, chat.Unsupported(anthropicAPI, "seed")
	case orEmpty(req.FrequencyPenalty) != 0:
		return nil, chat.Unsupported(anthropicAPI, "frequency_penalty")
	case orEmpty(req.PresencePenalty) != 0:
		return nil, chat.Unsupported(anthropicAPI, "presence_penalty")
	}
	if err := refuseExtra(anthropicAPI, req.Extra); err != nil {
		return nil, err
	}
	out := anthropicRequest{
		Model: model, MaxTokens: req.MaxTokens, Stream: req.Stream, Temperature: req.Temperature,
		TopP: req.TopP, TopK: req.TopK, StopSequences: req.Stop, Messages: []anthropicMessage{},
	}
	if req.User != "" {
		out.Metadata = &anthropicMetadata{UserID: req.User}
	}
	if err := encodeAnthropicOutput(&out, req); err != nil {
		return nil, err
	}
	encodeAnthropicTools(&out, req)
	var err error
	if out.System, err = encodeAnthropicParts(req.System, "messages"); err != nil {
		return nil, err
	}
	for i, m := range req.Messages {
		parts, err := encodeAnthropicParts(m.Parts, fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return nil, err
		}
		if len(parts) > 0 { // Anthropic refuses empty messages, and takes several of one role as one
			out.Messages = append(out.Messages, anthropicMessage{Role: string(m.Role), Content: parts})
		}
	}
	return encode(out), nil
}

func encodeAnthropicOutput(out *anthropicRequest, req *chat.Request) error {
	var output anthropicOutput
	if r := req.Reasoning; r != nil {
		switch r.Effort {
		case "":
			out.Thinking = &anthropicThinking{Type: "enabled", Budget: r.Budget}
		case "none":
			out.Thinking = &anthropicThinking{Type: "disabled"}
		case "low", "medium", "high", "xhigh", "max":
			out.Thinking, output.Effort = &anthropicThinking{Type: "adaptive"}, r.Effort
		default:
			return chat.Unsupported(anthropicAPI, "reasoning_effort: "+r.Effort)
		}
	}
	if f := req.Format; f != nil {
		switch {
		case f.Schema == nil:
			return chat.Unsupported(anthropicAPI, "response_format without a schema")
		case f.Description != "":
			return chat.Unsupported(anthropicAPI, "response_format.json_schema.description")
		}
		output.Format = &anthropicFormat{Type: "json_schema", Schema: f.Schema}
	}
	if output != (anthropicOutput{}) {
		out.OutputConfig = &output
	}
	return nil
}

// noParameters is the schema of a tool that takes none.
const noParameters = `{"type":"object","properties":{}}`

func encodeAnthropicTools(out *anthropicRequest, req *chat.Request) {
	for _, tool := range req.Tools {
		schema := tool.Parameters
		if schema == nil {
			schema = json.RawMessage(noParameters)
		}
		out.Tools = append(out.Tools, anthropicTool{Name: tool.Name, Description: tool.Description, InputSchema: schema, Strict: tool.Strict})
	}
	serial := req.ParallelToolCalls != nil && !*req.ParallelToolCalls
	choice := chat.ToolChoice{Mode: "auto"}
	if req.ToolChoice != nil {
		choice = *req.ToolChoice
	} else if !serial {
		return
	}
	if choice.Mode == "required" {
		choice.Mode = "any"
	}
	out.ToolChoice = &anthropicToolChoice{Type: choice.Mode, Name: choice.Name, DisableParallel: serial && choice.Mode != "none"}
}

func encodeAnthropicParts(parts []chat.Part, at string) (anthropicContent, error) {
	var out anthropicContent
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text != "" { // Anthropic refuses empty text, which says nothing
				out = append(out, anthropicBlock{Type: "text", Text: &p.Text})
			}
		case chat.Image:
			if p.Detail != "" && p.Detail != "auto" {
				return nil, chat.Unsupported(anthropicAPI, at+".image_url.detail")
			}
			source := &anthropicSource{Type: "url", URL: p.URL}
			if p.URL == "" {
				source = &anthropicSource{Type: "base64", MediaType: p.MediaType, Data: p.Data}
			}
			out = append(out, anthropicBlock{Type: "image", Source: source})
		case chat.ToolCall:
			input, err := objectInput(p, at)
			if err != nil {
				return nil, err
			}
			out = append(out, anthropicBlock{Type: "tool_use", ID: p.ID, Name: p.Name, Input: input})
		case chat.ToolResult:
			inner, err := encodeAnthropicParts(p.Parts, at)
			if err != nil {
				return nil, err
			}
			out = append(out, anthropicBlock{Type: "tool_result", ToolUseID: p.ID, Content: inner, IsError: p.IsError})
		case chat.Thinking:
			if p.Signature == "" && !p.Redacted {
				return nil, chat.Unsupported(anthropicAPI, at+".reasoning_content")
			}
			out = append(out, encodeAnthropicThinking(p))
		}
	}
	return out, nil
}

func decodeAnthropicUsage(u *anthropicUsage) chat.Usage {
	return chat.Usage{
		Input:  u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens,
		Output: u.OutputTokens, CacheRead: u.CacheReadInputTokens, CacheWrite: u.CacheCreationInputTokens,
		Reasoning: u.OutputTokensDetails.ThinkingTokens,
	}
}

// decodeAnthropicFinish returns why an answer ended. A turn that is paused, as after many
// steps of tools that run at Anthropic, is not complete either.
func decodeAnthropicFinish(reason *string) chat.Finish {
	switch orEmpty(reason) {
	case "max_tokens", "model_context_window_exceeded", "pause_turn":
		return chat.Length
	case "tool_use":
		return chat.ToolUse
	case "refusal":
		return chat.Filtered
	}
	return chat.Stop
}

func (anthropicUpstream) DecodeResponse(body []byte) (*chat.Response, error) {
	var in anthropicResponse
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if in.Type != "message" {
		return nil, errors.New("the provider sent something else than a message")
	}
	in.Content = slices.DeleteFunc(in.Content, anthropicBlock.ranThere)
	parts, err := decodeAnthropicContent(in.Content, "content")
	if err != nil {
		return nil, fmt.Errorf("read the answer: %v", err) // no refusal of the client's request
	}
	return &chat.Response{
		ID: in.ID, Model: in.Model, Parts: parts, Finish: decodeAnthropicFinish(in.StopReason), Usage: decodeAnthropicUsage(&in.Usage),
	}, nil
}

// ranThere reports whether a block tells of a tool that ran at Anthropic. It asks nothing of
// the client; what came of it is in the text.
func (b anthropicBlock) ranThere() bool {
	return b.Type == "server_tool_use" || b.Type == "mcp_tool_use" || strings.HasSuffix(b.Type, "_tool_result")
}

func (anthropicUpstream) DecodeError(status int, body []byte) *chat.Error {
	var in anthropicError
	if json.Unmarshal(body, &in) != nil || in.Error.Message == "" {
		return unreadableError(status, body)
	}
	return &chat.Error{Status: status, Type: in.Error.Type, Message: in.Error.Message}
}

// unreadableError returns the error of a provider that did not tell it as its API would.
func unreadableError(status int, body []byte) *chat.Error {
	const most = 500
	text := strings.ToValidUTF8(strings.TrimSpace(string(body[:min(len(body), most)])), "")
	return chat.Failed(status, "provider_error", "the provider answered with the status %d: %s", status, text)
}

// errorType returns what OpenAI calls errors of a status, for providers that give them no
// type.
func errorType(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status/100 == 4:
		return "invalid_request_error"
	}
	return "api_error"
}

func (anthropicUpstream) DecodeStream(body io.ReadCloser) chat.Stream {
	return NewStream(body, &anthropicDecoder{})
}

type anthropicDecoder struct {
	usage  anthropicUsage
	finish *string
	skip   bool // whether the block that is open is left out
}

func (d *anthropicDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	var in anthropicEvent
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	switch {
	case in.Type == "message_start" && in.Message != nil:
		d.usage = in.Message.Usage
		return []chat.Event{chat.Start{ID: in.Message.ID, Model: in.Message.Model, Usage: decodeAnthropicUsage(&d.usage)}}, nil
	case in.Type == "content_block_start" && in.ContentBlock != nil:
		if d.skip = in.ContentBlock.ranThere(); d.skip {
			return nil, nil
		}
		return decodeAnthropicBlockStart(in.ContentBlock)
	case in.Type == "content_block_delta" && in.Delta != nil && !d.skip:
		return decodeAnthropicDelta(in.Delta)
	case in.Type == "message_delta" && in.Delta != nil:
		d.finish = in.Delta.StopReason
		if u := in.Usage; u != nil {
			// Older servers count the output alone here.
			if u.InputTokens == 0 && u.CacheReadInputTokens == 0 && u.CacheCreationInputTokens == 0 {
				u.InputTokens, u.CacheReadInputTokens, u.CacheCreationInputTokens = d.usage.InputTokens, d.usage.CacheReadInputTokens, d.usage.CacheCreationInputTokens
			}
			d.usage = *u
		}
	case in.Type == "message_stop":
		return []chat.Event{d.end()}, nil
	case in.Type == "error":
		return nil, streamError(AnthropicUpstream.DecodeError(0, data))
	}
	return nil, nil
}

// streamError returns a provider's error in a stream, which is none of the request.
func streamError(e *chat.Error) error {
	return errors.New("the provider reported an error in the stream: " + e.Message)
}

func decodeAnthropicBlockStart(b *anthropicBlock) ([]chat.Event, error) {
	switch b.Type {
	case "text":
		if text := orEmpty(b.Text); text != "" {
			return []chat.Event{chat.TextDelta{Text: text}}, nil
		}
	case "thinking":
	case "redacted_thinking":
		return []chat.Event{chat.ThinkingDelta{Text: b.Data, Redacted: true}}, nil
	case "tool_use":
		return []chat.Event{chat.ToolStart{ID: b.ID, Name: b.Name}}, nil
	default:
		return nil, fmt.Errorf("read the stream: a block of the type %q cannot be translated", b.Type)
	}
	return nil, nil
}

func decodeAnthropicDelta(d *anthropicDelta) ([]chat.Event, error) {
	switch d.Type {
	case "text_delta":
		return []chat.Event{chat.TextDelta{Text: d.Text}}, nil
	case "thinking_delta":
		return []chat.Event{chat.ThinkingDelta{Text: d.Thinking}}, nil
	case "signature_delta":
		return []chat.Event{chat.ThinkingDelta{Signature: d.Signature}}, nil
	case "input_json_delta":
		if text := orEmpty(d.PartialJSON); text != "" {
			return []chat.Event{chat.ToolDelta{Arguments: text}}, nil
		}
	}
	return nil, nil
}

func (d *anthropicDecoder) end() chat.End {
	return chat.End{Finish: decodeAnthropicFinish(d.finish), Usage: decodeAnthropicUsage(&d.usage)}
}

func (d *anthropicDecoder) Close() []chat.Event {
	if d.finish == nil {
		return nil
	}
	return []chat.Event{d.end()}
}
