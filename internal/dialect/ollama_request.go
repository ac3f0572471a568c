package dialect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// Ollama is Ollama's own chat API, which only providers speak.
var Ollama Upstream = ollama{}

type ollama struct{}

const ollamaAPI = "Ollama's API"

type ollamaRequest struct {
	Model    string          `json:"model"`
	Stream   bool            `json:"stream"` // true if left out
	Messages []ollamaMessage `json:"messages"`
	Tools    []openAITool    `json:"tools,omitempty"`
	Format   json.RawMessage `json:"format,omitempty"` // "json" or a schema
	Think    any             `json:"think,omitempty"`  // false or a level
	Options  ollamaOptions   `json:"options,omitzero"`
}

type ollamaOptions struct {
	NumPredict       *int         `json:"num_predict,omitempty"`
	Temperature      *float64     `json:"temperature,omitempty"`
	TopP             *float64     `json:"top_p,omitempty"`
	TopK             *int         `json:"top_k,omitempty"`
	Seed             *json.Number `json:"seed,omitempty"`
	FrequencyPenalty *float64     `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64     `json:"presence_penalty,omitempty"`
	Stop             []string     `json:"stop,omitempty"`
}

type ollamaMessage struct {
	Role       string           `json:"role"`
	Content    ollamaText       `json:"content"`
	Thinking   ollamaText       `json:"thinking,omitempty"`
	Images     []string         `json:"images,omitempty"` // in base64
	ToolCalls  []ollamaToolCall `json:"tool_calls,omitempty"`
	ToolName   string           `json:"tool_name,omitempty"`
	ToolCallID string           `json:"tool_call_id,omitempty"`
}

type ollamaToolCall struct {
	ID       string             `json:"id,omitempty"`
	Function ollamaFunctionCall `json:"function"`
}

type ollamaFunctionCall struct {
	Index     int             `json:"index"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"` // an object
}

// ollamaText is a string that is made of several, put together as Ollama does it with
// messages of one role.
type ollamaText []string

func (t ollamaText) MarshalJSON() ([]byte, error) { return encode(strings.Join(t, "\n\n")), nil }

func (ollama) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	switch {
	case req.User != "":
		return nil, chat.Unsupported(ollamaAPI, "user")
	case req.ParallelToolCalls != nil && !*req.ParallelToolCalls:
		return nil, chat.Unsupported(ollamaAPI, "parallel_tool_calls: false")
	case req.ToolChoice != nil && req.ToolChoice.Mode != "auto":
		return nil, chat.Unsupported(ollamaAPI, "tool_choice: "+req.ToolChoice.Mode)
	}
	if err := refuseExtra(ollamaAPI, req.Extra); err != nil {
		return nil, err
	}
	out := ollamaRequest{
		Model: model, Stream: req.Stream,
		Options: ollamaOptions{
			NumPredict: req.MaxTokens, Temperature: req.Temperature, TopP: req.TopP, TopK: req.TopK, Seed: req.Seed,
			FrequencyPenalty: req.FrequencyPenalty, PresencePenalty: req.PresencePenalty, Stop: req.Stop,
		},
	}
	if err := encodeOllamaOutput(&out, req); err != nil {
		return nil, err
	}
	for _, tool := range req.Tools {
		if tool.Strict != nil && *tool.Strict {
			return nil, chat.Unsupported(ollamaAPI, "tools.function.strict")
		}
		if tool.Strict = nil; tool.Parameters == nil {
			tool.Parameters = json.RawMessage(noParameters)
		}
		out.Tools = append(out.Tools, openAITool{Type: "function", Function: openAIFunction(tool)})
	}
	var err error
	if out.Messages, err = encodeOllamaMessages(req); err != nil {
		return nil, err
	}
	return encode(out), nil
}

func encodeOllamaOutput(out *ollamaRequest, req *chat.Request) error {
	if f := req.Format; f != nil {
		if f.Description != "" {
			return chat.Unsupported(ollamaAPI, "response_format.json_schema.description")
		}
		if out.Format = f.Schema; f.Schema == nil {
			out.Format = json.RawMessage(`"json"`)
		}
	}
	if r := req.Reasoning; r != nil {
		switch r.Effort {
		case "":
			return chat.Unsupported(ollamaAPI, "thinking.budget_tokens")
		case "none":
			out.Think = false
		case "low", "medium", "high":
			out.Think = r.Effort
		default:
			return chat.Unsupported(ollamaAPI, "reasoning_effort: "+r.Effort)
		}
	}
	return nil
}

func encodeOllamaMessages(req *chat.Request) ([]ollamaMessage, error) {
	var out []ollamaMessage
	if len(req.System) > 0 {
		message := ollamaMessage{Role: "system"}
		if err := message.add(req.System, "system"); err != nil {
			return nil, err
		}
		out = append(out, message)
	}
	tools := map[string]string{} // the names of those called, by the calls' ids
	for i, m := range req.Messages {
		at := fmt.Sprintf("messages[%d]", i)
		message := ollamaMessage{Role: string(m.Role)}
		var rest []chat.Part
		results := 0
		for _, part := range m.Parts {
			switch p := part.(type) {
			case chat.ToolResult:
				// Each result is a message of its own, ahead of what else the turn says.
				result, err := encodeOllamaResult(p, tools, at)
				if err != nil {
					return nil, err
				}
				out = append(out, result)
				results++
			case chat.ToolCall:
				arguments, err := objectInput(p, at)
				if err != nil {
					return nil, err
				}
				tools[p.ID] = p.Name
				message.ToolCalls = append(message.ToolCalls, ollamaToolCall{p.ID, ollamaFunctionCall{len(message.ToolCalls), p.Name, arguments}})
			case chat.Thinking:
				if p.Redacted {
					return nil, chat.Unsupported(ollamaAPI, at+": redacted_thinking")
				}
				message.Thinking = append(message.Thinking, p.Text)
			default:
				rest = append(rest, part)
			}
		}
		if results > 0 && results == len(m.Parts) {
			continue
		}
		if err := message.add(rest, at); err != nil {
			return nil, err
		}
		out = append(out, message)
	}
	return out, nil
}

func encodeOllamaResult(p chat.ToolResult, tools map[string]string, at string) (ollamaMessage, error) {
	name, ok := tools[p.ID]
	if !ok {
		return ollamaMessage{}, chat.Invalid(at+".tool_call_id", "no call before has the id %q", p.ID)
	}
	out := ollamaMessage{Role: "tool", ToolName: name, ToolCallID: p.ID}
	if p.IsError { // there is no mark for it; the model is told in words
		out.Content = ollamaText{"The tool failed."}
	}
	return out, out.add(p.Parts, at+": tool_result")
}

// add adds texts and, if the message is a user's, images.
func (m *ollamaMessage) add(parts []chat.Part, at string) error {
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text != "" {
				m.Content = append(m.Content, p.Text)
			}
		case chat.Image:
			switch {
			case m.Role != string(chat.User):
				return chat.Unsupported(ollamaAPI, at+": an image of the role "+m.Role)
			case p.Detail != "" && p.Detail != "auto":
				return chat.Unsupported(ollamaAPI, at+".image_url.detail")
			case p.URL != "":
				return chat.Unsupported(ollamaAPI, at+": an image at a URL")
			}
			m.Images = append(m.Images, p.Data)
		default:
			return chat.Unsupported(ollamaAPI, fmt.Sprintf("%s: %T", at, part))
		}
	}
	return nil
}
