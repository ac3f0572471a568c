package dialect

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
)

// openAIAnswerBody is what servers send: the answer's fields, with the errors and the
// names for reasoning that not only OpenAI's own servers use.
type openAIAnswerBody struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
	Choices []struct {
		Message      openAIAnswerPart `json:"message"`
		Delta        openAIAnswerPart `json:"delta"`
		FinishReason string           `json:"finish_reason"`
	} `json:"choices"`
	Usage *openAIUsage `json:"usage"`
}

type openAIAnswerPart struct {
	Content          openAIAnswerContent `json:"content"`
	Refusal          string              `json:"refusal"`
	Reasoning        string              `json:"reasoning"`
	ReasoningContent string              `json:"reasoning_content"`
	ToolCalls        []openAIToolCall    `json:"tool_calls"`
}

// parts returns what is said, apart from calls.
func (p *openAIAnswerPart) parts() []chat.Part {
	var out []chat.Part
	if text := cmp.Or(p.ReasoningContent, p.Reasoning); text != "" {
		out = append(out, chat.Thinking{Text: text})
	}
	out = append(out, p.Content...)
	if p.Refusal != "" {
		out = append(out, chat.Text{Text: p.Refusal})
	}
	return out
}

// openAIAnswerContent is a string, or the list of pieces in which models of Mistral tell
// reasoning from text.
type openAIAnswerContent []chat.Part

func (c *openAIAnswerContent) UnmarshalJSON(data []byte) error {
	type piece struct {
		Type, Text string
		Thinking   []struct{ Text string }
	}
	pieces := []piece{{Type: "text"}}
	var err error
	if data[0] == '[' {
		err = json.Unmarshal(data, &pieces)
	} else {
		err = json.Unmarshal(data, &pieces[0].Text)
	}
	for _, p := range pieces {
		switch p.Type {
		case "text":
			if p.Text != "" {
				*c = append(*c, chat.Text{Text: p.Text})
			}
		case "thinking":
			for _, thought := range p.Thinking {
				*c = append(*c, chat.Thinking{Text: thought.Text})
			}
		case "reference": // the numbers of the sources of the text before
		default:
			return fmt.Errorf("content of the type %q cannot be translated", p.Type)
		}
	}
	return err
}

func decodeOpenAIUsage(u *openAIUsage) chat.Usage {
	if u == nil {
		return chat.Usage{}
	}
	return chat.Usage{
		Input: u.PromptTokens, Output: u.CompletionTokens,
		CacheRead: u.PromptTokensDetails.CachedTokens, Reasoning: u.CompletionTokensDetails.ReasoningTokens,
	}
}

// decodeOpenAIFinish returns why an answer, with calls or without, ended. Some reasons of
// servers other than OpenAI's are failures, and some servers give none.
func decodeOpenAIFinish(reason string, calls bool) (chat.Finish, error) {
	switch reason {
	case "length", "model_length":
		return chat.Length, nil
	case "tool_calls", "function_call":
		return chat.ToolUse, nil
	case "content_filter":
		return chat.Filtered, nil
	case "error", "insufficient_system_resource":
		return "", errors.New("the model stopped for the reason " + reason)
	}
	if calls { // as a call of the very tool that the client chose is told
		return chat.ToolUse, nil
	}
	return chat.Stop, nil
}

func (openAIUpstream) DecodeResponse(body []byte) (*chat.Response, error) {
	if failed(body) {
		return nil, fmt.Errorf("the provider reported an error: %s", OpenAIUpstream.DecodeError(0, body).Message)
	}
	var in openAIAnswerBody
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(in.Choices) == 0 {
		return nil, errors.New("the answer has no choices")
	}
	choice := &in.Choices[0]
	finish, err := decodeOpenAIFinish(choice.FinishReason, len(choice.Message.ToolCalls) > 0)
	if err != nil {
		return nil, err
	}
	out := &chat.Response{
		ID: in.ID, Model: in.Model, Created: in.Created, Parts: choice.Message.parts(),
		Finish: finish, Usage: decodeOpenAIUsage(in.Usage),
	}
	for i, call := range choice.Message.ToolCalls {
		out.Parts = append(out.Parts, chat.ToolCall{ID: callID(&call, in.ID, i), Name: call.Function.Name, Arguments: call.Function.Arguments, Signature: call.signature()})
	}
	return out, nil
}

// callID returns the id of the nth call of an answer. Some servers give none, although clients
// need one.
func callID(call *openAIToolCall, answer string, n int) string {
	if call.ID == "" {
		return fmt.Sprintf("call_%s_%d", answer, n)
	}
	return call.ID
}

func (openAIUpstream) DecodeError(status int, body []byte) *chat.Error {
	var in struct{ Error, Detail json.RawMessage }
	if json.Unmarshal(body, &in) != nil {
		return unreadableError(status, body)
	}
	// Some servers, such as Mistral's, tell what is wrong at the top.
	told := json.RawMessage(body)
	if in.Error != nil {
		told = in.Error
	} else if in.Detail != nil {
		told = in.Detail
	}
	out := &chat.Error{Status: status, Type: "api_error"}
	if text, ok := scan.String(told); ok { // as some servers do
		out.Message = text
		return out
	}
	var fields struct {
		Message, Type, Param string
		Code                 any // a number at some servers
	}
	if json.Unmarshal(told, &fields) != nil || fields.Message == "" {
		return unreadableError(status, body)
	}
	out.Message, out.Param = fields.Message, fields.Param
	if fields.Type != "" {
		out.Type = fields.Type
	}
	if fields.Code != nil {
		out.Code = fmt.Sprint(fields.Code)
	}
	return out
}

func (openAIUpstream) DecodeStream(body io.ReadCloser) chat.Stream {
	return NewStream(body, &openAIDecoder{})
}

type openAIDecoder struct {
	started bool
	id      string // of the answer
	calls   int
	open    openAIToolCall // the latest call, as it began
	finish  string
	usage   *openAIUsage
}

func (d *openAIDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	if string(data) == string(doneData) {
		if !d.started {
			return nil, io.ErrUnexpectedEOF
		}
		return d.end()
	}
	if failed(data) {
		return nil, streamError(OpenAIUpstream.DecodeError(0, data))
	}
	var in openAIAnswerBody
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	var out []chat.Event
	if !d.started {
		d.started, d.id = true, in.ID
		out = append(out, chat.Start{ID: in.ID, Model: in.Model, Created: in.Created})
	}
	if in.Usage != nil {
		d.usage = in.Usage
	}
	if len(in.Choices) == 0 {
		return out, nil
	}
	choice := &in.Choices[0]
	for _, part := range choice.Delta.parts() {
		switch p := part.(type) {
		case chat.Thinking:
			out = append(out, chat.ThinkingDelta{Text: p.Text})
		case chat.Text:
			out = append(out, chat.TextDelta(p))
		}
	}
	for _, call := range choice.Delta.ToolCalls {
		out = d.call(out, &call)
	}
	d.finish = cmp.Or(choice.FinishReason, d.finish)
	return out, nil
}

// call adds a piece of a tool call.
func (d *openAIDecoder) call(out []chat.Event, call *openAIToolCall) []chat.Event {
	if d.begins(call) {
		out = append(out, chat.ToolStart{ID: callID(call, d.id, d.calls), Name: call.Function.Name, Signature: call.signature()})
		d.open = *call
		d.calls++
	}
	if call.Function.Arguments != "" {
		out = append(out, chat.ToolDelta{Arguments: call.Function.Arguments})
	}
	return out
}

// begins reports whether a piece is the first of its call. Some servers give every call whole,
// and the same index, so that the id tells as well, or where they give none the name.
func (d *openAIDecoder) begins(call *openAIToolCall) bool {
	switch {
	case d.calls == 0:
		return true
	case call.ID != "":
		return call.ID != d.open.ID
	}
	return call.Function.Name != "" && (d.open.ID == "" || orEmpty(call.Index) != orEmpty(d.open.Index))
}

func (d *openAIDecoder) end() ([]chat.Event, error) {
	finish, err := decodeOpenAIFinish(d.finish, d.calls > 0)
	return []chat.Event{chat.End{Finish: finish, Usage: decodeOpenAIUsage(d.usage)}}, err
}

// Close ends a stream without its closing mark, for which it must have said why it ends.
func (d *openAIDecoder) Close() []chat.Event {
	if d.finish == "" {
		return nil
	}
	out, err := d.end()
	if err != nil {
		return nil
	}
	return out
}
