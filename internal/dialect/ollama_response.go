package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/sse"
)

// ollamaResponse is an answer, or one line of its stream, which holds what is new.
type ollamaResponse struct {
	Model     string    `json:"model"`
	CreatedAt time.Time `json:"created_at"`
	Message   struct {
		Content   string           `json:"content"`
		Thinking  string           `json:"thinking"`
		ToolCalls []ollamaToolCall `json:"tool_calls"`
	} `json:"message"`
	Done            bool   `json:"done"`
	DoneReason      string `json:"done_reason"`
	PromptEvalCount int    `json:"prompt_eval_count"`
	EvalCount       int    `json:"eval_count"`
}

// DecodeResponse takes an answer as a stream of a single line, which it looks like.
func (ollama) DecodeResponse(body []byte) (*chat.Response, error) {
	return chat.Collect(&eventStream{body: io.NopCloser(nil), frames: &once{body}, decoder: &ollamaDecoder{}})
}

func (ollama) StreamType() string { return "application/x-ndjson" }

func (ollama) DecodeStream(body io.ReadCloser) chat.Stream {
	return &eventStream{body: body, frames: lines{sse.NewLineReader(body)}, decoder: &ollamaDecoder{}}
}

// lines are the values of a stream of newline-delimited JSON.
type lines struct{ *sse.Reader }

func (l lines) next() (string, []byte, error) {
	line, err := l.Next()
	return "", bytes.TrimSpace(line), err
}

type ollamaDecoder struct {
	started bool
	created time.Time
	calls   int
}

func (d *ollamaDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	if failed(data) {
		return nil, streamError(Ollama.DecodeError(0, data))
	}
	var in ollamaResponse
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	var out []chat.Event
	if !d.started {
		d.started, d.created = true, in.CreatedAt
		out = append(out, chat.Start{Model: in.Model, Created: max(in.CreatedAt.Unix(), 0)})
	}
	if text := in.Message.Thinking; text != "" {
		out = append(out, chat.ThinkingDelta{Text: text})
	}
	if text := in.Message.Content; text != "" {
		out = append(out, chat.TextDelta{Text: text})
	}
	for _, call := range in.Message.ToolCalls {
		out = d.call(out, call)
	}
	if !in.Done {
		return out, nil
	}
	finish, err := d.finish(in.DoneReason)
	return append(out, chat.End{Finish: finish, Usage: chat.Usage{Input: in.PromptEvalCount, Output: in.EvalCount}}), err
}

// call adds a call, which always comes whole. Older servers give it no id, although
// clients need one.
func (d *ollamaDecoder) call(out []chat.Event, call ollamaToolCall) []chat.Event {
	if call.ID == "" {
		call.ID = fmt.Sprintf("call_%x_%d", d.created.UnixNano(), d.calls)
	}
	d.calls++
	arguments := string(call.Function.Arguments)
	if arguments == "" {
		arguments = "{}"
	}
	return append(out, chat.ToolStart{ID: call.ID, Name: call.Function.Name}, chat.ToolDelta{Arguments: arguments})
}

// finish returns why the answer ended. All other reasons mean that there is no answer: the
// model was loaded or unloaded, or, for an empty one, the connection to it was lost.
func (d *ollamaDecoder) finish(reason string) (chat.Finish, error) {
	switch {
	case reason == "length":
		return chat.Length, nil
	case reason == "stop" && d.calls > 0:
		return chat.ToolUse, nil
	case reason == "stop":
		return chat.Stop, nil
	case reason == "":
		return "", errors.New("the model stopped without a reason")
	}
	return "", errors.New("the model stopped for the reason " + reason)
}

// Close has nothing to add: the last line says that the answer is done.
func (*ollamaDecoder) Close() []chat.Event { return nil }

func (ollama) DecodeError(status int, body []byte) *chat.Error {
	var in struct{ Error string }
	if json.Unmarshal(body, &in) != nil || in.Error == "" {
		return unreadableError(status, body)
	}
	return &chat.Error{Status: status, Type: errorType(status), Message: in.Error}
}
