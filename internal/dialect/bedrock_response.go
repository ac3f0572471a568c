package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/eventstream"
)

type bedrockResponse struct {
	Output struct {
		Message *bedrockMessage `json:"message"`
	} `json:"output"`
	StopReason string       `json:"stopReason"`
	Usage      bedrockUsage `json:"usage"`
}

type bedrockUsage struct {
	InputTokens           int `json:"inputTokens"`
	OutputTokens          int `json:"outputTokens"`
	CacheReadInputTokens  int `json:"cacheReadInputTokens"`
	CacheWriteInputTokens int `json:"cacheWriteInputTokens"`
}

func (u bedrockUsage) decode() chat.Usage {
	return chat.Usage{
		Input:  u.InputTokens + u.CacheReadInputTokens + u.CacheWriteInputTokens,
		Output: u.OutputTokens, CacheRead: u.CacheReadInputTokens, CacheWrite: u.CacheWriteInputTokens,
	}
}

// decodeBedrockFinish returns why the answer ended. Some reasons are failures.
func decodeBedrockFinish(reason string) (chat.Finish, error) {
	switch reason {
	case "end_turn", "stop_sequence":
		return chat.Stop, nil
	case "max_tokens", "model_context_window_exceeded":
		return chat.Length, nil
	case "tool_use":
		return chat.ToolUse, nil
	case "guardrail_intervened", "content_filtered":
		return chat.Filtered, nil
	}
	return "", errors.New("the model stopped for the reason " + reason)
}

func (bedrock) DecodeResponse(body []byte) (*chat.Response, error) {
	var in bedrockResponse
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if in.Output.Message == nil {
		return nil, errors.New("the provider sent something else than a message")
	}
	finish, err := decodeBedrockFinish(in.StopReason)
	if err != nil {
		return nil, err
	}
	out := &chat.Response{Finish: finish, Usage: in.Usage.decode()}
	for _, b := range in.Output.Message.Content {
		switch {
		case b.Text != nil:
			out.Parts = append(out.Parts, chat.Text{Text: *b.Text})
		case b.Cited != nil:
			for _, c := range b.Cited.Content {
				out.Parts = append(out.Parts, chat.Text{Text: c.Text})
			}
		case b.ToolUse.ranThere() || b.ToolResult != nil:
		case b.ToolUse != nil:
			out.Parts = append(out.Parts, chat.ToolCall{ID: b.ToolUse.ToolUseID, Name: b.ToolUse.Name, Arguments: string(b.ToolUse.Input)})
		case b.Reasoning != nil && b.Reasoning.Text != nil:
			out.Parts = append(out.Parts, chat.Thinking{Text: b.Reasoning.Text.Text, Signature: b.Reasoning.Text.Signature})
		case b.Reasoning != nil:
			out.Parts = append(out.Parts, chat.Thinking{Text: b.Reasoning.Redacted, Redacted: true})
		default:
			return nil, errors.New("read the answer: it holds something else than text, reasoning and calls, which cannot be translated")
		}
	}
	return out, nil
}

// ranThere reports whether a call is of a tool that ran at AWS. It asks nothing of the
// client; what came of it is in the text.
func (u *bedrockToolUse) ranThere() bool { return u != nil && u.Type == "server_tool_use" }

func (bedrock) StreamType() string { return "application/vnd.amazon.eventstream" }

func (bedrock) DecodeStream(body io.ReadCloser) chat.Stream {
	return &eventStream{body: body, frames: amazonEvents{eventstream.NewReader(body)}, decoder: &bedrockDecoder{}}
}

// amazonEvents are the messages of one of AWS' streams.
type amazonEvents struct{ *eventstream.Reader }

func (s amazonEvents) next() (string, []byte, error) {
	m, err := s.Next()
	if err != nil {
		return "", nil, err
	}
	switch m.Headers[":message-type"] {
	case "event":
		return m.Headers[":event-type"], m.Payload, nil
	case "exception":
		e := Bedrock.DecodeError(0, m.Payload)
		return "", nil, streamError(&chat.Error{Message: m.Headers[":exception-type"] + ": " + e.Message})
	}
	return "", nil, streamError(&chat.Error{Message: m.Headers[":error-code"] + ": " + m.Headers[":error-message"]})
}

// bedrockEvent is an event of a stream. The fields of different types of events are side
// by side.
type bedrockEvent struct {
	Start struct {
		ToolUse *bedrockToolUse `json:"toolUse"`
		Image   json.RawMessage `json:"image"`
	} `json:"start"`
	Delta struct {
		Text    string `json:"text"`
		ToolUse struct {
			Input string `json:"input"`
		} `json:"toolUse"`
		Reasoning struct {
			bedrockReasoningText
			Redacted string `json:"redactedContent"`
		} `json:"reasoningContent"`
	} `json:"delta"`
	StopReason string       `json:"stopReason"`
	Usage      bedrockUsage `json:"usage"`
}

type bedrockDecoder struct {
	finish chat.Finish
	skip   bool // whether the block that is open is left out
}

func (d *bedrockDecoder) Decode(name string, data []byte) ([]chat.Event, error) {
	var in bedrockEvent
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	switch name {
	case "messageStart":
		return []chat.Event{chat.Start{}}, nil
	case "contentBlockStart":
		if in.Start.Image != nil {
			return nil, errors.New("read the stream: it holds an image, which cannot be translated")
		}
		call := in.Start.ToolUse
		if d.skip = call.ranThere(); call != nil && !d.skip {
			return []chat.Event{chat.ToolStart{ID: call.ToolUseID, Name: call.Name}}, nil
		}
	case "contentBlockDelta":
		switch delta := in.Delta; {
		case d.skip:
		case delta.Text != "":
			return []chat.Event{chat.TextDelta{Text: delta.Text}}, nil
		case delta.ToolUse.Input != "":
			return []chat.Event{chat.ToolDelta{Arguments: delta.ToolUse.Input}}, nil
		case delta.Reasoning.Redacted != "":
			return []chat.Event{chat.ThinkingDelta{Text: delta.Reasoning.Redacted, Redacted: true}}, nil
		case delta.Reasoning.bedrockReasoningText != bedrockReasoningText{}:
			return []chat.Event{chat.ThinkingDelta{Text: delta.Reasoning.Text, Signature: delta.Reasoning.Signature}}, nil
		}
	case "contentBlockStop":
		d.skip = false
	case "messageStop":
		var err error
		d.finish, err = decodeBedrockFinish(in.StopReason)
		return nil, err
	case "metadata": // the last event
		if d.finish == "" {
			return nil, io.ErrUnexpectedEOF
		}
		return []chat.Event{chat.End{Finish: d.finish, Usage: in.Usage.decode()}}, nil
	}
	return nil, nil
}

func (d *bedrockDecoder) Close() []chat.Event {
	if d.finish == "" {
		return nil
	}
	return []chat.Event{chat.End{Finish: d.finish}}
}

func (bedrock) DecodeError(status int, body []byte) *chat.Error {
	var in struct {
		Message string // in either case
	}
	if json.Unmarshal(body, &in) != nil || in.Message == "" {
		return unreadableError(status, body)
	}
	switch status {
	case http.StatusForbidden: // AWS says so of credentials; what a guardrail stops is an answer
		status = http.StatusUnauthorized
	case http.StatusFailedDependency: // the model failed, not the request
		status = http.StatusBadGateway
	}
	return &chat.Error{Status: status, Type: errorType(status), Message: in.Message}
}
