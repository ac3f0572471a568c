package dialect

import (
	"encoding/json"
	"fmt"

	"github.com/einstack/glide/internal/chat"
)

// anthropicRequest is the body of a messages request, as far as the vocabulary of package
// chat has words for it.
type anthropicRequest struct {
	Model         string               `json:"model"`
	MaxTokens     *int                 `json:"max_tokens,omitempty"`
	System        anthropicContent     `json:"system,omitempty"`
	Messages      []anthropicMessage   `json:"messages"`
	Stream        bool                 `json:"stream,omitempty"`
	Temperature   *float64             `json:"temperature,omitempty"`
	TopP          *float64             `json:"top_p,omitempty"`
	TopK          *int                 `json:"top_k,omitempty"`
	StopSequences []string             `json:"stop_sequences,omitempty"`
	Tools         []anthropicTool      `json:"tools,omitempty"`
	ToolChoice    *anthropicToolChoice `json:"tool_choice,omitempty"`
	Thinking      *anthropicThinking   `json:"thinking,omitempty"`
	OutputConfig  *anthropicOutput     `json:"output_config,omitempty"`
	Metadata      *anthropicMetadata   `json:"metadata,omitempty"`
	CacheControl  json.RawMessage      `json:"cache_control,omitempty"`
}

type anthropicMessage struct {
	Role    string           `json:"role"`
	Content anthropicContent `json:"content"`
}

// anthropicContent is a string or a list of blocks.
type anthropicContent []anthropicBlock

// anthropicBlock is a piece of a message. The fields of different types of blocks are
// side by side. Marks for the cache are hints that other providers do without, as they
// find by themselves what they have seen before.
type anthropicBlock struct {
	Type         string           `json:"type"`
	Text         *string          `json:"text,omitempty"`
	Source       *anthropicSource `json:"source,omitempty"`
	ID           string           `json:"id,omitempty"`
	Name         string           `json:"name,omitempty"`
	Input        json.RawMessage  `json:"input,omitempty"`
	ToolUseID    string           `json:"tool_use_id,omitempty"`
	Content      anthropicContent `json:"content,omitempty"`
	IsError      bool             `json:"is_error,omitempty"`
	Thinking     *string          `json:"thinking,omitempty"`
	Signature    *string          `json:"signature,omitempty"`
	Data         string           `json:"data,omitempty"`
	CacheControl json.RawMessage  `json:"cache_control,omitempty"`
}

type anthropicSource struct {
	Type      string `json:"type"`
	URL       string `json:"url,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
}

type anthropicTool struct {
	Type         string          `json:"type,omitempty"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema"`
	Strict       *bool           `json:"strict,omitempty"`
	CacheControl json.RawMessage `json:"cache_control,omitempty"`
}

type anthropicToolChoice struct {
	Type            string `json:"type"`
	Name            string `json:"name,omitempty"`
	DisableParallel bool   `json:"disable_parallel_tool_use,omitempty"`
}

type anthropicThinking struct {
	Type   string `json:"type"`
	Budget int    `json:"budget_tokens,omitempty"`
}

type anthropicOutput struct {
	Effort string           `json:"effort,omitempty"`
	Format *anthropicFormat `json:"format,omitempty"`
}

type anthropicFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

type anthropicMetadata struct {
	UserID string `json:"user_id,omitempty"`
}

func (c *anthropicContent) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '{': // what a tool that runs at Anthropic itself has to tell
		*c = anthropicContent{{}}
		return nil
	case '"':
		var text string
		err := json.Unmarshal(data, &text)
		*c = anthropicContent{{Type: "text", Text: &text}}
		return err
	}
	return json.Unmarshal(data, (*[]anthropicBlock)(c))
}

func (anthropicMessages) DecodeRequest(body []byte) (*chat.Request, error) {
	var in anthropicRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err)
	}
	extra, err := unknownFields(body, in)
	if err != nil {
		return nil, err
	}
	out := &chat.Request{
		Stream: in.Stream, StreamUsage: true, MaxTokens: in.MaxTokens,
		Temperature: in.Temperature, TopP: in.TopP, TopK: in.TopK, Stop: in.StopSequences, Extra: extra,
	}
	if in.Metadata != nil {
		out.User = in.Metadata.UserID
	}
	if out.System, err = decodeAnthropicContent(in.System, "system"); err != nil {
		return nil, err
	}
	if err := decodeAnthropicTools(out, &in); err != nil {
		return nil, err
	}
	if err := decodeAnthropicOutput(out, &in); err != nil {
		return nil, err
	}
	if len(in.Messages) == 0 {
		return nil, chat.Invalid("messages", "messages is missing or empty; send at least one message")
	}
	for i, m := range in.Messages {
		at := fmt.Sprintf("messages[%d]", i)
		switch m.Role {
		case "user", "assistant":
		case "system":
			return nil, chat.Untranslatable(at+".role", "instructions in the middle of a conversation cannot be translated; put them into system")
		default:
			return nil, chat.Invalid(at+".role", "%q is not a role; use user, assistant or system", m.Role)
		}
		parts, err := decodeAnthropicContent(m.Content, at+".content")
		if err != nil {
			return nil, err
		}
		out.Messages = append(out.Messages, chat.Message{Role: chat.Role(m.Role), Parts: parts})
	}
	return out, nil
}

func decodeAnthropicContent(content anthropicContent, at string) ([]chat.Part, error) {
	parts := make([]chat.Part, 0, len(content))
	for i, b := range content {
		at := fmt.Sprintf("%s[%d]", at, i)
		switch b.Type {
		case "text":
			parts = append(parts, chat.Text{Text: orEmpty(b.Text)})
		case "image":
			switch {
			case b.Source != nil && b.Source.Type == "url":
				parts = append(parts, chat.Image{URL: b.Source.URL})
			case b.Source != nil && b.Source.Type == "base64":
				parts = append(parts, chat.Image{MediaType: b.Source.MediaType, Data: b.Source.Data})
			default:
				return nil, chat.Untranslatable(at+".source", "this source of an image cannot be translated; use url or base64")
			}
		case "tool_use":
			parts = append(parts, chat.ToolCall{ID: b.ID, Name: b.Name, Arguments: string(b.Input)})
		case "tool_result":
			inner, err := decodeAnthropicContent(b.Content, at+".content")
			if err != nil {
				return nil, err
			}
			parts = append(parts, chat.ToolResult{ID: b.ToolUseID, Parts: inner, IsError: b.IsError})
		case "thinking":
			parts = append(parts, chat.Thinking{Text: orEmpty(b.Thinking), Signature: orEmpty(b.Signature)})
		case "redacted_thinking":
			parts = append(parts, chat.Thinking{Text: b.Data, Redacted: true})
		default:
			return nil, chat.Untranslatable(at+".type", "content of the type %q cannot be translated; use text, image, tool_use, tool_result or thinking", b.Type)
		}
	}
	return parts, nil
}

func orEmpty[T any](value *T) (empty T) {
	if value == nil {
		return empty
	}
	return *value
}

func decodeAnthropicTools(out *chat.Request, in *anthropicRequest) error {
	for i, tool := range in.Tools {
		if tool.Type != "" && tool.Type != "custom" {
			return chat.Untranslatable(fmt.Sprintf("tools[%d].type", i), "the tool type %q cannot be translated; use custom", tool.Type)
		}
		out.Tools = append(out.Tools, chat.Tool{Name: tool.Name, Description: tool.Description, Parameters: tool.InputSchema, Strict: tool.Strict})
	}
	if in.ToolChoice == nil {
		return nil
	}
	mode := in.ToolChoice.Type
	switch mode {
	case "auto", "none", "tool":
	case "any":
		mode = "required"
	default:
		return chat.Invalid("tool_choice.type", "%q is not a choice; use auto, any, tool or none", mode)
	}
	out.ToolChoice = &chat.ToolChoice{Mode: mode, Name: in.ToolChoice.Name}
	if in.ToolChoice.DisableParallel {
		out.ParallelToolCalls = new(bool)
	}
	return nil
}

func decodeAnthropicOutput(out *chat.Request, in *anthropicRequest) error {
	// Thinking that is adaptive or disabled leaves the matter to the model or to the
	// effort.
	if t := in.Thinking; t != nil && t.Type == "enabled" {
		out.Reasoning = &chat.Reasoning{Budget: t.Budget}
	}
	if in.OutputConfig == nil {
		return nil
	}
	if effort := in.OutputConfig.Effort; effort != "" {
		if out.Reasoning == nil {
			out.Reasoning = &chat.Reasoning{}
		}
		out.Reasoning.Effort = effort
	}
	if f := in.OutputConfig.Format; f != nil {
		if f.Type != "json_schema" {
			return chat.Untranslatable("output_config.format.type", "the format %q cannot be translated; use json_schema", f.Type)
		}
		strict := true // Anthropic's always is
		out.Format = &chat.Format{Schema: f.Schema, Strict: &strict}
	}
	return nil
}
