package dialect

import (
	"fmt"
	"slices"

	"github.com/einstack/glide/internal/chat"
)

// The chat completions API as providers speak it. OpenAI's own models refuse the older
// name of the limit of tokens, and most servers that are like OpenAI know no other.
var (
	OpenAIUpstream     Upstream = openAIUpstream{}
	CompatibleUpstream Upstream = openAIUpstream{older: true}
)

type openAIUpstream struct {
	ofEvents
	older bool // max_tokens in place of max_completion_tokens
}

const openAIAPI = "OpenAI's chat API"

func (u openAIUpstream) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	if req.TopK != nil {
		return nil, chat.Unsupported(openAIAPI, "top_k")
	}
	if err := refuseExtra(openAIAPI, req.Extra); err != nil {
		return nil, err
	}
	out := openAIRequest{
		Model: model, Stream: req.Stream, MaxCompletionTokens: req.MaxTokens, Temperature: req.Temperature,
		TopP: req.TopP, Seed: req.Seed, FrequencyPenalty: req.FrequencyPenalty, PresencePenalty: req.PresencePenalty,
		Stop: req.Stop, User: req.User,
	}
	if u.older {
		out.MaxTokens, out.MaxCompletionTokens = req.MaxTokens, nil
	}
	if req.Stream && req.StreamUsage {
		out.StreamOptions = &streamOptions{IncludeUsage: true}
	}
	if r := req.Reasoning; r != nil {
		if r.Budget != 0 {
			return nil, chat.Unsupported(openAIAPI, "thinking.budget_tokens")
		}
		out.ReasoningEffort = r.Effort
	}
	if f := req.Format; f != nil {
		out.ResponseFormat = encodeOpenAIFormat(f)
	}
	for _, tool := range req.Tools {
		out.Tools = append(out.Tools, openAITool{Type: "function", Function: openAIFunction(tool)})
	}
	if len(req.Tools) > 0 {
		out.ParallelToolCalls = req.ParallelToolCalls
	}
	if c := req.ToolChoice; c != nil {
		out.ToolChoice = &openAIToolChoice{mode: c.Mode, name: c.Name}
	}
	var err error
	if out.Messages, err = encodeOpenAIMessages(req); err != nil {
		return nil, err
	}
	return encode(out), nil
}

func encodeOpenAIFormat(f *chat.Format) *openAIFormat {
	if f.Schema == nil {
		return &openAIFormat{Type: "json_object"}
	}
	out := &openAIFormat{Type: "json_schema", JSONSchema: &openAISchema{Name: f.Name, Description: f.Description, Schema: f.Schema, Strict: f.Strict}}
	if f.Name == "" {
		out.JSONSchema.Name = "answer" // OpenAI wants one, other dialects have none
	}
	return out
}

func encodeOpenAIMessages(req *chat.Request) ([]openAIMessage, error) {
	var out []openAIMessage
	if len(req.System) > 0 {
		content, err := encodeOpenAIParts(req.System, "system")
		if err != nil {
			return nil, err
		}
		out = append(out, openAIMessage{Role: "system", Content: content})
	}
	for i, m := range req.Messages {
		at := fmt.Sprintf("messages[%d].content", i)
		var rest []chat.Part
		message := openAIMessage{Role: string(m.Role)}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case chat.ToolResult:
				// Each result is a message of its own, ahead of what else the turn says.
				result, err := encodeOpenAIResult(p, at)
				if err != nil {
					return nil, err
				}
				out = append(out, result)
			case chat.ToolCall:
				arguments := p.Arguments
				if arguments == "" {
					arguments = "{}"
				}
				message.ToolCalls = append(message.ToolCalls, openAIToolCall{ID: p.ID, Type: "function", Function: openAIFunctionCall{p.Name, arguments}})
			case chat.Thinking:
				if p.Redacted {
					return nil, chat.Unsupported(openAIAPI, at+": redacted_thinking")
				}
				message.ReasoningContent += p.Text
			default:
				rest = append(rest, part)
			}
		}
		if len(rest) == 0 && len(message.ToolCalls) == 0 && (len(m.Parts) > 0 && message.ReasoningContent == "") {
			continue // nothing but results
		}
		var err error
		if message.Content, err = encodeOpenAIParts(rest, at); err != nil {
			return nil, err
		}
		out = append(out, message)
	}
	return out, nil
}

func encodeOpenAIResult(p chat.ToolResult, at string) (openAIMessage, error) {
	for _, part := range p.Parts {
		if _, ok := part.(chat.Text); !ok {
			return openAIMessage{}, chat.Unsupported(openAIAPI, at+": an image in a tool_result")
		}
	}
	parts := p.Parts
	if p.IsError {
		// There is no mark for it; the model is told in words.
		parts = slices.Insert(slices.Clone(parts), 0, chat.Part(chat.Text{Text: "The tool failed."}))
	}
	content, err := encodeOpenAIParts(parts, at)
	if len(content) == 0 {
		content = openAIContent{{Type: "text"}}
	}
	return openAIMessage{Role: "tool", ToolCallID: p.ID, Content: content}, err
}

func encodeOpenAIParts(parts []chat.Part, at string) (openAIContent, error) {
	var out openAIContent
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text == "" && len(parts) > 1 {
				continue
			}
			out = append(out, openAIPart{Type: "text", Text: p.Text})
		case chat.Image:
			out = append(out, openAIPart{Type: "image_url", ImageURL: &openAIImageURL{URL: imageURL(p), Detail: p.Detail}})
		default:
			return nil, chat.Unsupported(openAIAPI, fmt.Sprintf("%s: %T", at, part))
		}
	}
	return out, nil
}

// imageURL returns where an image is, which may be in the URL itself.
func imageURL(p chat.Image) string {
	if p.URL == "" {
		return "data:" + p.MediaType + ";base64," + p.Data
	}
	return p.URL
}

// MarshalJSON writes plain text as a string, the only form that all servers know.
func (c openAIContent) MarshalJSON() ([]byte, error) {
	switch {
	case c == nil:
		return []byte("null"), nil
	case len(c) == 1 && c[0].Type == "text":
		return encode(c[0].Text), nil
	}
	return encode([]openAIPart(c)), nil
}

// MarshalJSON writes a mode, or an object that names a function.
func (c openAIToolChoice) MarshalJSON() ([]byte, error) {
	if c.mode != "tool" {
		return encode(c.mode), nil
	}
	return encode(map[string]any{"type": "function", "function": map[string]string{"name": c.name}}), nil
}
