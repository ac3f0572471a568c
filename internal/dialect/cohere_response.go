package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/einstack/glide/internal/chat"
)

type cohereResponse struct {
	ID           string `json:"id"`
	FinishReason string `json:"finish_reason"`
	Message      struct {
		Content   []cohereContent  `json:"content"`
		ToolPlan  string           `json:"tool_plan"`
		ToolCalls []openAIToolCall `json:"tool_calls"`
	} `json:"message"`
	Usage cohereUsage `json:"usage"`
}

type cohereUsage struct {
	Tokens struct {
		InputTokens  float64 `json:"input_tokens"`
		OutputTokens float64 `json:"output_tokens"`
	} `json:"tokens"`
	CachedTokens float64 `json:"cached_tokens"`
}

func (u cohereUsage) decode() chat.Usage {
	return chat.Usage{Input: int(u.Tokens.InputTokens), Output: int(u.Tokens.OutputTokens), CacheRead: int(u.CachedTokens)}
}

// decodeCohereFinish returns why the answer ended. Some reasons are failures.
func decodeCohereFinish(reason string) (chat.Finish, error) {
	switch reason {
	case "COMPLETE", "STOP_SEQUENCE":
		return chat.Stop, nil
	case "MAX_TOKENS":
		return chat.Length, nil
	case "TOOL_CALL":
		return chat.ToolUse, nil
	}
	return "", errors.New("the model stopped for the reason " + reason)
}

func (cohere) DecodeResponse(body []byte) (*chat.Response, error) {
	var in cohereResponse
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	finish, err := decodeCohereFinish(in.FinishReason)
	if err != nil {
		return nil, err
	}
	out := &chat.Response{ID: in.ID, Finish: finish, Usage: in.Usage.decode()}
	if in.Message.ToolPlan != "" {
		out.Parts = append(out.Parts, chat.Thinking{Text: in.Message.ToolPlan})
	}
	for _, c := range in.Message.Content {
		switch c.Type {
		case "text":
			out.Parts = append(out.Parts, chat.Text{Text: c.Text})
		case "thinking":
			out.Parts = append(out.Parts, chat.Thinking{Text: c.Thinking})
		default:
			return nil, fmt.Errorf("read the answer: content of the type %q cannot be translated", c.Type)
		}
	}
	for _, call := range in.Message.ToolCalls {
		out.Parts = append(out.Parts, chat.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
	}
	return out, nil
}

// cohereEvent is an event of a stream. The fields of different types of events are side
// by side.
type cohereEvent struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Delta struct {
		Message struct {
			// An array of no meaning in the first event, an object afterwards.
			Content   json.RawMessage `json:"content"`
			ToolPlan  string          `json:"tool_plan"`
			ToolCalls json.RawMessage `json:"tool_calls"`
		} `json:"message"`
		FinishReason string      `json:"finish_reason"`
		Error        string      `json:"error"`
		Usage        cohereUsage `json:"usage"`
	} `json:"delta"`
}

func (cohere) DecodeStream(body io.ReadCloser) chat.Stream { return NewStream(body, &cohereDecoder{}) }

type cohereDecoder struct{}

func (cohereDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	if string(data) == string(doneData) {
		return nil, nil
	}
	var in cohereEvent
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	switch in.Type {
	case "message-start":
		return []chat.Event{chat.Start{ID: in.ID}}, nil
	case "content-start", "content-delta":
		var content cohereContent
		if err := json.Unmarshal(in.Delta.Message.Content, &content); err != nil {
			return nil, fmt.Errorf("read the stream: %w", err)
		}
		if content.Thinking != "" {
			return []chat.Event{chat.ThinkingDelta{Text: content.Thinking}}, nil
		}
		if content.Text != "" {
			return []chat.Event{chat.TextDelta{Text: content.Text}}, nil
		}
	case "tool-plan-delta":
		return []chat.Event{chat.ThinkingDelta{Text: in.Delta.Message.ToolPlan}}, nil
	case "tool-call-start", "tool-call-delta":
		return decodeCohereCall(in.Type == "tool-call-start", in.Delta.Message.ToolCalls)
	case "message-end":
		if in.Delta.Error != "" {
			return nil, streamError(&chat.Error{Message: in.Delta.Error})
		}
		finish, err := decodeCohereFinish(in.Delta.FinishReason)
		return []chat.Event{chat.End{Finish: finish, Usage: in.Delta.Usage.decode()}}, err
	case "": // an error, as it would be without a stream
		return nil, streamError(Cohere.DecodeError(0, data))
	}
	return nil, nil // citations and the ends of parts say nothing further
}

func decodeCohereCall(begins bool, data []byte) (out []chat.Event, err error) {
	var call openAIToolCall
	if err := json.Unmarshal(data, &call); err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	if begins {
		out = append(out, chat.ToolStart{ID: call.ID, Name: call.Function.Name})
	}
	if call.Function.Arguments != "" {
		out = append(out, chat.ToolDelta{Arguments: call.Function.Arguments})
	}
	return out, nil
}

// Close has nothing to add: the last event says why the answer ended.
func (cohereDecoder) Close() []chat.Event { return nil }

func (cohere) DecodeError(status int, body []byte) *chat.Error {
	var in struct{ Message string }
	if json.Unmarshal(body, &in) != nil || in.Message == "" {
		return unreadableError(status, body)
	}
	if status == 498 { // Cohere's own, of a token that it does not accept
		status = http.StatusUnauthorized
	}
	return &chat.Error{Status: status, Type: errorType(status), Message: in.Message}
}
