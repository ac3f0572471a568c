package dialect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// Bedrock is the Converse API of AWS Bedrock, which only providers speak.
var Bedrock Upstream = bedrock{}

type bedrock struct{}

const bedrockAPI = "Bedrock's Converse API"

// bedrockRequest is the body of Converse and ConverseStream. The model is named in the
// path.
type bedrockRequest struct {
	Messages        []bedrockMessage `json:"messages"`
	System          []bedrockBlock   `json:"system,omitempty"`
	InferenceConfig *bedrockConfig   `json:"inferenceConfig,omitempty"`
	ToolConfig      *bedrockTools    `json:"toolConfig,omitempty"`
	OutputConfig    *bedrockOutput   `json:"outputConfig,omitempty"`
	// AdditionalFields are in the words of the model's own maker.
	AdditionalFields map[string]any `json:"additionalModelRequestFields,omitempty"`
}

type bedrockMessage struct {
	Role    string         `json:"role"`
	Content []bedrockBlock `json:"content"`
}

// bedrockBlock is a piece of a message. One of its fields is set.
type bedrockBlock struct {
	Text       *string           `json:"text,omitempty"`
	Image      *bedrockImage     `json:"image,omitempty"`
	ToolUse    *bedrockToolUse   `json:"toolUse,omitempty"`
	ToolResult *bedrockResult    `json:"toolResult,omitempty"`
	Reasoning  *bedrockReasoning `json:"reasoningContent,omitempty"`
	Cited      *bedrockCited     `json:"citationsContent,omitempty"` // in answers
}

type bedrockImage struct {
	Format string `json:"format"`
	Source struct {
		Bytes string `json:"bytes"`
	} `json:"source"`
}

type bedrockToolUse struct {
	ToolUseID string          `json:"toolUseId"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Type      string          `json:"type,omitempty"` // in answers: server_tool_use if it ran at AWS
}

type bedrockResult struct {
	ToolUseID string         `json:"toolUseId"`
	Content   []bedrockBlock `json:"content"`
	Status    string         `json:"status,omitempty"`
}

// bedrockCited is text with its sources.
type bedrockCited struct {
	Content []struct {
		Text string `json:"text"`
	} `json:"content"`
}

type bedrockReasoning struct {
	Text     *bedrockReasoningText `json:"reasoningText,omitempty"`
	Redacted string                `json:"redactedContent,omitempty"`
}

type bedrockReasoningText struct {
	Text      string `json:"text"`
	Signature string `json:"signature,omitempty"`
}

type bedrockConfig struct {
	MaxTokens     *int     `json:"maxTokens,omitempty"`
	Temperature   *float64 `json:"temperature,omitempty"`
	TopP          *float64 `json:"topP,omitempty"`
	StopSequences []string `json:"stopSequences,omitempty"`
}

type bedrockTools struct {
	Tools      []bedrockTool  `json:"tools"`
	ToolChoice map[string]any `json:"toolChoice,omitempty"`
}

type bedrockTool struct {
	ToolSpec struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		InputSchema struct {
			JSON json.RawMessage `json:"json"`
		} `json:"inputSchema"`
		Strict *bool `json:"strict,omitempty"`
	} `json:"toolSpec"`
}

type bedrockOutput struct {
	TextFormat struct {
		Type      string `json:"type"`
		Structure struct {
			JSONSchema struct {
				Schema      string `json:"schema"`
				Name        string `json:"name,omitempty"`
				Description string `json:"description,omitempty"`
			} `json:"jsonSchema"`
		} `json:"structure"`
	} `json:"textFormat"`
}

func (bedrock) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	switch {
	case req.Seed != nil:
		return nil, chat.Unsupported(bedrockAPI, "seed")
	case orEmpty(req.FrequencyPenalty) != 0:
		return nil, chat.Unsupported(bedrockAPI, "frequency_penalty")
	case orEmpty(req.PresencePenalty) != 0:
		return nil, chat.Unsupported(bedrockAPI, "presence_penalty")
	case req.User != "":
		return nil, chat.Unsupported(bedrockAPI, "user")
	case req.ParallelToolCalls != nil && !*req.ParallelToolCalls:
		return nil, chat.Unsupported(bedrockAPI, "parallel_tool_calls: false")
	}
	if err := refuseExtra(bedrockAPI, req.Extra); err != nil {
		return nil, err
	}
	out := bedrockRequest{Messages: []bedrockMessage{}}
	config := bedrockConfig{req.MaxTokens, req.Temperature, req.TopP, req.Stop}
	if len(encode(config)) > len("{}") {
		out.InferenceConfig = &config
	}
	if err := encodeBedrockOutput(&out, req, model); err != nil {
		return nil, err
	}
	if err := encodeBedrockTools(&out, req); err != nil {
		return nil, err
	}
	var err error
	if out.System, err = encodeBedrockParts(req.System, "system"); err != nil {
		return nil, err
	}
	for i, m := range req.Messages {
		blocks, err := encodeBedrockParts(m.Parts, fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return nil, err
		}
		// Turns must alternate, and none may be empty.
		switch n := len(out.Messages); {
		case len(blocks) == 0:
		case n > 0 && out.Messages[n-1].Role == string(m.Role):
			out.Messages[n-1].Content = append(out.Messages[n-1].Content, blocks...)
		default:
			out.Messages = append(out.Messages, bedrockMessage{Role: string(m.Role), Content: blocks})
		}
	}
	return encode(out), nil
}

// encodeBedrockOutput says how the answer is to be made. What Converse itself has no word
// for, models of Anthropic have, in the words of Anthropic's API.
func encodeBedrockOutput(out *bedrockRequest, req *chat.Request, model string) error {
	if f := req.Format; f != nil {
		if f.Schema == nil {
			return chat.Unsupported(bedrockAPI, "response_format without a schema")
		}
		out.OutputConfig = new(bedrockOutput)
		format := &out.OutputConfig.TextFormat
		format.Type = "json_schema"
		schema := &format.Structure.JSONSchema
		schema.Schema, schema.Name, schema.Description = string(f.Schema), f.Name, f.Description
	}
	claude := strings.Contains(model, "anthropic.claude")
	more := map[string]any{}
	if req.TopK != nil {
		if !claude {
			return chat.Unsupported(bedrockAPI, "top_k")
		}
		more["top_k"] = *req.TopK
	}
	if r := req.Reasoning; r != nil {
		switch {
		case !claude:
			return chat.Unsupported(bedrockAPI, "reasoning")
		case r.Effort == "none":
			more["thinking"] = anthropicThinking{Type: "disabled"}
		case r.Effort != "":
			return chat.Unsupported(bedrockAPI, "reasoning_effort: "+r.Effort)
		default:
			more["thinking"] = anthropicThinking{Type: "enabled", Budget: r.Budget}
		}
	}
	if len(more) > 0 {
		out.AdditionalFields = more
	}
	return nil
}

func encodeBedrockTools(out *bedrockRequest, req *chat.Request) error {
	if len(req.Tools) == 0 {
		return nil
	}
	out.ToolConfig = new(bedrockTools)
	for _, t := range req.Tools {
		var tool bedrockTool
		spec := &tool.ToolSpec
		spec.Name, spec.Description, spec.InputSchema.JSON, spec.Strict = t.Name, t.Description, t.Parameters, t.Strict
		if t.Parameters == nil {
			spec.InputSchema.JSON = json.RawMessage(noParameters)
		}
		out.ToolConfig.Tools = append(out.ToolConfig.Tools, tool)
	}
	if req.ToolChoice == nil {
		return nil
	}
	switch c := req.ToolChoice; c.Mode {
	case "auto":
		out.ToolConfig.ToolChoice = map[string]any{"auto": struct{}{}}
	case "required":
		out.ToolConfig.ToolChoice = map[string]any{"any": struct{}{}}
	case "tool":
		out.ToolConfig.ToolChoice = map[string]any{"tool": map[string]string{"name": c.Name}}
	default:
		return chat.Unsupported(bedrockAPI, "tool_choice: "+c.Mode)
	}
	return nil
}

func encodeBedrockParts(parts []chat.Part, at string) ([]bedrockBlock, error) {
	var out []bedrockBlock
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text != "" { // which Bedrock refuses, and which says nothing
				out = append(out, bedrockBlock{Text: &p.Text})
			}
		case chat.Image:
			image, err := encodeBedrockImage(p, at)
			if err != nil {
				return nil, err
			}
			out = append(out, bedrockBlock{Image: image})
		case chat.ToolCall:
			input, err := objectInput(p, at)
			if err != nil {
				return nil, err
			}
			out = append(out, bedrockBlock{ToolUse: &bedrockToolUse{ToolUseID: p.ID, Name: p.Name, Input: input}})
		case chat.ToolResult:
			inner, err := encodeBedrockParts(p.Parts, at)
			if err != nil {
				return nil, err
			}
			result := &bedrockResult{ToolUseID: p.ID, Content: inner}
			if p.IsError {
				result.Status = "error"
			}
			if inner == nil {
				result.Content = []bedrockBlock{}
			}
			out = append(out, bedrockBlock{ToolResult: result})
		case chat.Thinking:
			switch {
			case p.Redacted:
				out = append(out, bedrockBlock{Reasoning: &bedrockReasoning{Redacted: p.Text}})
			case p.Signature == "":
				return nil, chat.Unsupported(bedrockAPI, at+".reasoning_content")
			default:
				out = append(out, bedrockBlock{Reasoning: &bedrockReasoning{Text: &bedrockReasoningText{p.Text, p.Signature}}})
			}
		}
	}
	return out, nil
}

func encodeBedrockImage(p chat.Image, at string) (*bedrockImage, error) {
	switch {
	case p.Detail != "" && p.Detail != "auto":
		return nil, chat.Unsupported(bedrockAPI, at+".image_url.detail")
	case p.URL != "":
		return nil, chat.Unsupported(bedrockAPI, at+": an image at a URL")
	}
	format, ok := strings.CutPrefix(p.MediaType, "image/")
	if !ok {
		return nil, chat.Invalid(at+".image_url", "%q is not the type of an image", p.MediaType)
	}
	out := &bedrockImage{Format: format}
	out.Source.Bytes = p.Data
	return out, nil
}
