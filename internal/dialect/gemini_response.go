package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/einstack/glide/internal/chat"
)

// geminiResponse is an answer, or one event of its stream, which holds what is new.
type geminiResponse struct {
	Candidates []struct {
		Content      geminiContent `json:"content"`
		FinishReason string        `json:"finishReason"`
	} `json:"candidates"`
	PromptFeedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	UsageMetadata *geminiUsage `json:"usageMetadata"`
	ModelVersion  string       `json:"modelVersion"`
	ResponseID    string       `json:"responseId"`
}

type geminiUsage struct {
	PromptTokenCount        int `json:"promptTokenCount"`
	ToolUsePromptTokenCount int `json:"toolUsePromptTokenCount"`
	CandidatesTokenCount    int `json:"candidatesTokenCount"`
	ThoughtsTokenCount      int `json:"thoughtsTokenCount"`
	CachedContentTokenCount int `json:"cachedContentTokenCount"`
}

// DecodeResponse takes an answer as a stream of a single event, which it looks like.
func (gemini) DecodeResponse(body []byte) (*chat.Response, error) {
	return chat.Collect(&eventStream{body: io.NopCloser(nil), frames: &once{body}, decoder: &geminiDecoder{}})
}

// once is a stream of a single event.
type once struct{ data []byte }

func (o *once) next() (string, []byte, error) {
	data := o.data
	if o.data = nil; data == nil {
		return "", nil, io.EOF
	}
	return "", data, nil
}

func (gemini) DecodeStream(body io.ReadCloser) chat.Stream { return NewStream(body, &geminiDecoder{}) }

type geminiDecoder struct {
	started bool
	id      string
	calls   int
	finish  chat.Finish // empty until the answer is complete
	usage   chat.Usage
}

func (d *geminiDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	if failed(data) {
		return nil, streamError(Gemini.DecodeError(0, data))
	}
	var in geminiResponse
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	var out []chat.Event
	if !d.started {
		d.started, d.id = true, in.ResponseID
		out = append(out, chat.Start{ID: in.ResponseID, Model: in.ModelVersion})
	}
	if u := in.UsageMetadata; u != nil {
		d.usage = chat.Usage{
			Input:  u.PromptTokenCount + u.ToolUsePromptTokenCount,
			Output: u.CandidatesTokenCount + u.ThoughtsTokenCount, CacheRead: u.CachedContentTokenCount, Reasoning: u.ThoughtsTokenCount,
		}
	}
	if in.PromptFeedback.BlockReason != "" {
		d.finish = chat.Filtered
	}
	if len(in.Candidates) == 0 {
		return out, nil
	}
	for _, part := range in.Candidates[0].Content.Parts {
		switch {
		case part.FunctionCall != nil:
			out = d.call(out, &part)
		case part.InlineData != nil || part.FileData != nil:
			return nil, errors.New("read the answer: it holds media, which cannot be translated")
		case part.ranThere():
		case part.Text == nil && part.ThoughtSignature != "":
			// A signature of what came before, which need not be given back.
		case part.Text == nil:
			return nil, errors.New("read the answer: it holds something else than text and calls, which cannot be translated")
		case *part.Text == "":
		case part.Thought:
			out = append(out, chat.ThinkingDelta{Text: *part.Text})
		default:
			out = append(out, chat.TextDelta{Text: *part.Text})
		}
	}
	return out, d.stop(in.Candidates[0].FinishReason)
}

// call adds a call, which always comes whole. Most have no id, although clients need one.
func (d *geminiDecoder) call(out []chat.Event, part *geminiPart) []chat.Event {
	call := part.FunctionCall
	if call.ID == "" {
		call.ID = fmt.Sprintf("call_%s_%d", d.id, d.calls)
	}
	d.calls++
	arguments := string(call.Args)
	if arguments == "" {
		arguments = "{}"
	}
	return append(out, chat.ToolStart{ID: call.ID, Name: call.Name, Signature: part.ThoughtSignature}, chat.ToolDelta{Arguments: arguments})
}

// stop takes note of why the answer ended, if it did.
func (d *geminiDecoder) stop(reason string) error {
	switch reason {
	case "", "FINISH_REASON_UNSPECIFIED":
	case "STOP":
		if d.finish = chat.Stop; d.calls > 0 {
			d.finish = chat.ToolUse
		}
	case "MAX_TOKENS", "CONTINUATION": // which the client cannot ask for
		d.finish = chat.Length
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR":
		d.finish = chat.Filtered
	default: // such as a call that is malformed
		return errors.New("the model stopped for the reason " + reason)
	}
	return nil
}

func (d *geminiDecoder) Close() []chat.Event {
	if d.finish == "" {
		return nil
	}
	return []chat.Event{chat.End{Finish: d.finish, Usage: d.usage}}
}

// geminiError is an error in the form that Google's APIs share.
type geminiError struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []struct {
			Reason     string `json:"reason"`
			RetryDelay string `json:"retryDelay"` // such as 34.07s
		} `json:"details"`
	} `json:"error"`
}

func (gemini) DecodeError(status int, body []byte) *chat.Error {
	var in geminiError
	text := bytes.TrimSpace(body)
	if n := len(text); n > 1 && text[0] == '[' { // as some of its streams begin
		text = text[1 : n-1]
	}
	if json.Unmarshal(text, &in) != nil || in.Error.Message == "" {
		return unreadableError(status, body)
	}
	out := &chat.Error{Status: status, Type: errorType(status), Code: in.Error.Status, Message: in.Error.Message}
	for _, detail := range in.Error.Details {
		if detail.Reason == "API_KEY_INVALID" { // told as 400, which would be the client's fault
			out.Status = http.StatusUnauthorized
		}
		if d, err := time.ParseDuration(detail.RetryDelay); err == nil {
			out.RetryAfter = d
		}
	}
	return out
}
