package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
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
		if r.Effort == "max" {
			return nil, chat.Unsupported(openAIAPI, "output_config.effort: max")
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

// openAIAnswerBody is what servers send: the answer's fields, with the errors and the
// names for reasoning that not only OpenAI's own servers use.
type openAIAnswerBody struct {
	ID      string `json:"id"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
	Choices []struct {
		Message      openAIAnswerPart `json:"message"`
		Delta        openAIAnswerPart `json:"delta"`
		FinishReason *string          `json:"finish_reason"`
	} `json:"choices"`
	Usage *openAIUsage `json:"usage"`
}

type openAIAnswerPart struct {
	Content          string           `json:"content"`
	Refusal          string           `json:"refusal"`
	Reasoning        string           `json:"reasoning"`
	ReasoningContent string           `json:"reasoning_content"`
	ToolCalls        []openAIToolCall `json:"tool_calls"`
}

func (p *openAIAnswerPart) thinking() string {
	if p.ReasoningContent != "" {
		return p.ReasoningContent
	}
	return p.Reasoning
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

func decodeOpenAIFinish(reason *string) chat.Finish {
	switch orEmpty(reason) {
	case "length":
		return chat.Length
	case "tool_calls", "function_call":
		return chat.ToolUse
	case "content_filter":
		return chat.Filtered
	}
	return chat.Stop
}

func (openAIUpstream) DecodeResponse(body []byte) (*chat.Response, error) {
	var in openAIAnswerBody
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(in.Choices) == 0 {
		return nil, errors.New("the answer has no choices")
	}
	choice := &in.Choices[0]
	out := &chat.Response{
		ID: in.ID, Model: in.Model, Created: in.Created,
		Finish: decodeOpenAIFinish(choice.FinishReason), Usage: decodeOpenAIUsage(in.Usage),
	}
	if text := choice.Message.thinking(); text != "" {
		out.Parts = append(out.Parts, chat.Thinking{Text: text})
	}
	if text := choice.Message.Content + choice.Message.Refusal; text != "" {
		out.Parts = append(out.Parts, chat.Text{Text: text})
	}
	for _, call := range choice.Message.ToolCalls {
		out.Parts = append(out.Parts, chat.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments, Signature: call.signature()})
	}
	return out, nil
}

func (openAIUpstream) DecodeError(status int, body []byte) *chat.Error {
	var in struct{ Error json.RawMessage }
	if json.Unmarshal(body, &in) != nil || in.Error == nil {
		return unreadableError(status, body)
	}
	out := &chat.Error{Status: status, Type: "api_error"}
	if text, ok := scan.String(in.Error); ok { // as some servers do
		out.Message = text
		return out
	}
	var fields struct {
		Message, Type, Param string
		Code                 any // a number at some servers
	}
	if json.Unmarshal(in.Error, &fields) != nil || fields.Message == "" {
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
	tool    string // which tool call is open; empty for none
	finish  *string
	usage   *openAIUsage
}

func (d *openAIDecoder) Decode(_ string, data []byte) ([]chat.Event, error) {
	if string(data) == string(doneData) {
		if d.finish == nil {
			return nil, io.ErrUnexpectedEOF
		}
		return d.Close(), nil
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
		d.started = true
		out = append(out, chat.Start{ID: in.ID, Model: in.Model, Created: in.Created})
	}
	if in.Usage != nil {
		d.usage = in.Usage
	}
	if len(in.Choices) == 0 {
		return out, nil
	}
	choice := &in.Choices[0]
	if text := choice.Delta.thinking(); text != "" {
		out = append(out, chat.ThinkingDelta{Text: text})
	}
	if text := choice.Delta.Content + choice.Delta.Refusal; text != "" {
		out = append(out, chat.TextDelta{Text: text})
	}
	for _, call := range choice.Delta.ToolCalls {
		out = d.call(out, &call)
	}
	if choice.FinishReason != nil {
		d.finish = choice.FinishReason
	}
	return out, nil
}

// call adds a piece of a tool call. Some servers give every call whole, and the same
// index, so that the id tells as well where one begins.
func (d *openAIDecoder) call(out []chat.Event, call *openAIToolCall) []chat.Event {
	if call.ID != "" && call.ID != d.tool {
		d.tool = call.ID
		out = append(out, chat.ToolStart{ID: call.ID, Name: call.Function.Name, Signature: call.signature()})
	}
	if call.Function.Arguments != "" {
		out = append(out, chat.ToolDelta{Arguments: call.Function.Arguments})
	}
	return out
}

func (d *openAIDecoder) Close() []chat.Event {
	if d.finish == nil {
		return nil
	}
	return []chat.Event{chat.End{Finish: decodeOpenAIFinish(d.finish), Usage: decodeOpenAIUsage(d.usage)}}
}
