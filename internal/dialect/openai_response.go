package dialect

import (
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// openAIResponse is a chat completion, or one chunk of its stream.
type openAIResponse struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []openAIChoice `json:"choices"`
	Usage   *openAIUsage   `json:"usage,omitempty"`
}

type openAIChoice struct {
	Index        int           `json:"index"`
	Message      *openAIAnswer `json:"message,omitempty"`
	Delta        *openAIDelta  `json:"delta,omitempty"`
	FinishReason *string       `json:"finish_reason"`
}

type openAIAnswer struct {
	Role             string           `json:"role"`
	Content          *string          `json:"content"`
	Refusal          *string          `json:"refusal"`
	ReasoningContent string           `json:"reasoning_content,omitempty"`
	ToolCalls        []openAIToolCall `json:"tool_calls,omitempty"`
}

type openAIDelta struct {
	Role             string           `json:"role,omitempty"`
	Content          *string          `json:"content,omitempty"`
	ReasoningContent string           `json:"reasoning_content,omitempty"`
	ToolCalls        []openAIToolCall `json:"tool_calls,omitempty"`
}

type openAIUsage struct {
	PromptTokens        int `json:"prompt_tokens"`
	CompletionTokens    int `json:"completion_tokens"`
	TotalTokens         int `json:"total_tokens"`
	PromptTokensDetails struct {
		CachedTokens int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionTokensDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func encodeOpenAIUsage(u chat.Usage) *openAIUsage {
	out := &openAIUsage{PromptTokens: u.Input, CompletionTokens: u.Output, TotalTokens: u.Total()}
	out.PromptTokensDetails.CachedTokens = u.CacheRead
	out.CompletionTokensDetails.ReasoningTokens = u.Reasoning
	return out
}

func encodeOpenAIFinish(f chat.Finish) *string {
	reason := string(f)
	if f == chat.Filtered {
		reason = "content_filter"
	}
	return &reason
}

func (openAIChat) EncodeResponse(r *chat.Response) []byte {
	answer := &openAIAnswer{Role: "assistant"}
	var text, thinking strings.Builder
	for _, part := range r.Parts {
		switch p := part.(type) {
		case chat.Text:
			text.WriteString(p.Text)
		case chat.Thinking:
			if !p.Redacted { // which is of use to its provider alone
				thinking.WriteString(p.Text)
			}
		case chat.ToolCall:
			answer.ToolCalls = append(answer.ToolCalls, openAIToolCall{
				ID: p.ID, Type: "function", Function: openAIFunctionCall{p.Name, p.Arguments}, Extra: newOpenAICallExtra(p.Signature),
			})
		}
	}
	answer.ReasoningContent = thinking.String()
	if text.Len() > 0 || len(answer.ToolCalls) == 0 {
		content := text.String()
		answer.Content = &content
	}
	return encode(openAIResponse{
		ID: r.ID, Object: "chat.completion", Created: r.Created, Model: r.Model,
		Choices: []openAIChoice{{Message: answer, FinishReason: encodeOpenAIFinish(r.Finish)}},
		Usage:   encodeOpenAIUsage(r.Usage),
	})
}

func (openAIChat) NewEncoder(req *chat.Request) Encoder {
	return &openAIEncoder{usage: req.StreamUsage, tool: -1}
}

type openAIEncoder struct {
	start chat.Start
	usage bool
	tool  int // index of the latest tool call
}

func (e *openAIEncoder) Encode(dst []byte, ev chat.Event) []byte {
	delta := &openAIDelta{}
	switch ev := ev.(type) {
	case chat.Start:
		e.start = ev
		empty := ""
		delta.Role, delta.Content = "assistant", &empty
	case chat.TextDelta:
		delta.Content = &ev.Text
	case chat.ThinkingDelta:
		if ev.Text == "" || ev.Redacted {
			return dst // a signature, or what is encrypted, which this dialect has no place for
		}
		delta.ReasoningContent = ev.Text
	case chat.ToolStart:
		e.tool++
		delta.ToolCalls = []openAIToolCall{{
			Index: &e.tool, ID: ev.ID, Type: "function", Function: openAIFunctionCall{Name: ev.Name}, Extra: newOpenAICallExtra(ev.Signature),
		}}
	case chat.ToolDelta:
		delta.ToolCalls = []openAIToolCall{{Index: &e.tool, Function: openAIFunctionCall{Arguments: ev.Arguments}}}
	case chat.End:
		dst = e.chunk(dst, []openAIChoice{{Delta: delta, FinishReason: encodeOpenAIFinish(ev.Finish)}}, nil)
		if e.usage {
			dst = e.chunk(dst, []openAIChoice{}, encodeOpenAIUsage(ev.Usage))
		}
		return append(dst, doneEvent...)
	}
	return e.chunk(dst, []openAIChoice{{Delta: delta}}, nil)
}

func (e *openAIEncoder) chunk(dst []byte, choices []openAIChoice, usage *openAIUsage) []byte {
	dst = append(dst, "data: "...)
	dst = append(dst, encode(openAIResponse{
		ID: e.start.ID, Object: "chat.completion.chunk", Created: e.start.Created, Model: e.start.Model,
		Choices: choices, Usage: usage,
	})...)
	return append(dst, "\n\n"...)
}
