package dialect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// Cohere is version 2 of Cohere's chat API, which only providers speak.
var Cohere Upstream = cohere{}

type cohere struct{ ofEvents }

const cohereAPI = "Cohere's API"

type cohereRequest struct {
	Model            string          `json:"model"`
	Stream           bool            `json:"stream"`
	Messages         []cohereMessage `json:"messages"`
	Tools            []openAITool    `json:"tools,omitempty"`
	StrictTools      bool            `json:"strict_tools,omitempty"`
	ToolChoice       string          `json:"tool_choice,omitempty"`
	ResponseFormat   *cohereFormat   `json:"response_format,omitempty"`
	MaxTokens        *int            `json:"max_tokens,omitempty"`
	StopSequences    []string        `json:"stop_sequences,omitempty"`
	Temperature      *float64        `json:"temperature,omitempty"`
	Seed             *json.Number    `json:"seed,omitempty"`
	FrequencyPenalty *float64        `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64        `json:"presence_penalty,omitempty"`
	K                *int            `json:"k,omitempty"`
	P                *float64        `json:"p,omitempty"`
	Thinking         *cohereThinking `json:"thinking,omitempty"`
}

type cohereMessage struct {
	Role       string           `json:"role"`
	Content    []cohereContent  `json:"content,omitempty"`
	ToolPlan   string           `json:"tool_plan,omitempty"`
	ToolCalls  []openAIToolCall `json:"tool_calls,omitempty"`
	ToolCallID string           `json:"tool_call_id,omitempty"`
}

// cohereContent is a piece of a message: text, image_url or thinking.
type cohereContent struct {
	Type     string          `json:"type"`
	Text     string          `json:"text,omitempty"`
	Thinking string          `json:"thinking,omitempty"`
	ImageURL *openAIImageURL `json:"image_url,omitempty"`
}

type cohereFormat struct {
	Type       string          `json:"type"`
	JSONSchema json.RawMessage `json:"json_schema,omitempty"`
}

type cohereThinking struct {
	Type        string `json:"type"`
	TokenBudget int    `json:"token_budget,omitempty"`
}

func (cohere) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	switch {
	case req.User != "":
		return nil, chat.Unsupported(cohereAPI, "user")
	case req.ParallelToolCalls != nil && !*req.ParallelToolCalls:
		return nil, chat.Unsupported(cohereAPI, "parallel_tool_calls: false")
	}
	if err := refuseExtra(cohereAPI, req.Extra); err != nil {
		return nil, err
	}
	out := cohereRequest{
		Model: model, Stream: req.Stream, MaxTokens: req.MaxTokens, StopSequences: req.Stop, Temperature: req.Temperature,
		Seed: req.Seed, FrequencyPenalty: req.FrequencyPenalty, PresencePenalty: req.PresencePenalty, K: req.TopK, P: req.TopP,
	}
	if err := encodeCohereOutput(&out, req); err != nil {
		return nil, err
	}
	if err := encodeCohereTools(&out, req); err != nil {
		return nil, err
	}
	if len(req.System) > 0 {
		content, err := encodeCohereContent(req.System, "system")
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, cohereMessage{Role: "system", Content: content})
	}
	for i, m := range req.Messages {
		messages, err := encodeCohereMessage(m, fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, messages...)
	}
	return encode(out), nil
}

func encodeCohereOutput(out *cohereRequest, req *chat.Request) error {
	if f := req.Format; f != nil {
		if f.Description != "" {
			return chat.Unsupported(cohereAPI, "response_format.json_schema.description")
		}
		out.ResponseFormat = &cohereFormat{Type: "json_object", JSONSchema: f.Schema}
	}
	if r := req.Reasoning; r != nil {
		switch r.Effort {
		case "":
			out.Thinking = &cohereThinking{Type: "enabled", TokenBudget: r.Budget}
		case "none":
			out.Thinking = &cohereThinking{Type: "disabled"}
		default:
			return chat.Unsupported(cohereAPI, "reasoning_effort: "+r.Effort)
		}
	}
	return nil
}

func encodeCohereTools(out *cohereRequest, req *chat.Request) error {
	strict := 0
	for _, tool := range req.Tools {
		if tool.Strict != nil && *tool.Strict {
			strict++
		}
		if tool.Strict = nil; tool.Parameters == nil {
			tool.Parameters = json.RawMessage(noParameters)
		}
		out.Tools = append(out.Tools, openAITool{Type: "function", Function: openAIFunction(tool)})
	}
	// Cohere holds either all tools to their schemas or none.
	if out.StrictTools = strict > 0; out.StrictTools && strict < len(req.Tools) {
		return chat.Unsupported(cohereAPI, "tools.function.strict for some of the tools")
	}
	if req.ToolChoice == nil {
		return nil
	}
	switch mode := req.ToolChoice.Mode; mode {
	case "auto":
	case "none", "required":
		out.ToolChoice = strings.ToUpper(mode)
	default:
		return chat.Unsupported(cohereAPI, "tool_choice: one tool")
	}
	return nil
}

// encodeCohereMessage returns the messages that one turn amounts to: each result of a
// tool is one of its own.
func encodeCohereMessage(m chat.Message, at string) ([]cohereMessage, error) {
	var out []cohereMessage
	var rest []chat.Part
	var thinking strings.Builder
	message := cohereMessage{Role: string(m.Role)}
	for _, part := range m.Parts {
		switch p := part.(type) {
		case chat.ToolResult:
			if p.IsError { // there is no mark for it; the model is told in words
				p.Parts = append([]chat.Part{chat.Text{Text: "The tool failed."}}, p.Parts...)
			}
			content, err := encodeCohereContent(p.Parts, at+": an image in a tool_result")
			if err != nil {
				return nil, err
			}
			out = append(out, cohereMessage{Role: "tool", ToolCallID: p.ID, Content: content})
		case chat.ToolCall:
			if p.Arguments == "" {
				p.Arguments = "{}"
			}
			message.ToolCalls = append(message.ToolCalls, openAIToolCall{ID: p.ID, Type: "function", Function: openAIFunctionCall{p.Name, p.Arguments}})
		case chat.Thinking:
			if p.Redacted {
				return nil, chat.Unsupported(cohereAPI, at+": redacted_thinking")
			}
			thinking.WriteString(p.Text)
		default:
			rest = append(rest, part)
		}
	}
	content, err := encodeCohereParts(rest, m.Role, at)
	if err != nil {
		return nil, err
	}
	switch text := thinking.String(); {
	case text == "":
	case len(message.ToolCalls) > 0:
		message.ToolPlan = text
	default:
		content = append([]cohereContent{{Type: "thinking", Thinking: text}}, content...)
	}
	if message.Content = content; len(content) > 0 || len(message.ToolCalls) > 0 {
		out = append(out, message)
	}
	return out, nil
}

// encodeCohereContent returns texts as content; anything else is refused by name.
func encodeCohereContent(parts []chat.Part, name string) ([]cohereContent, error) {
	out := []cohereContent{}
	for _, part := range parts {
		text, ok := part.(chat.Text)
		if !ok {
			return nil, chat.Unsupported(cohereAPI, name)
		}
		out = append(out, cohereContent{Type: "text", Text: text.Text})
	}
	return out, nil
}

func encodeCohereParts(parts []chat.Part, role chat.Role, at string) ([]cohereContent, error) {
	var out []cohereContent
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text != "" {
				out = append(out, cohereContent{Type: "text", Text: p.Text})
			}
		case chat.Image:
			if role != chat.User {
				return nil, chat.Unsupported(cohereAPI, at+": an image by the assistant")
			}
			out = append(out, cohereContent{Type: "image_url", ImageURL: &openAIImageURL{URL: imageURL(p), Detail: p.Detail}})
		}
	}
	return out, nil
}
