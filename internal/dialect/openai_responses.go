package dialect

import (
	"bytes"
	"encoding/json"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/sse"
)

// OpenAIResponses is OpenAI's POST /v1/responses, which is not translated.
var OpenAIResponses Dialect = openAIResponses{}

// openAI is what OpenAI's operations have in common.
type openAI struct{}

func (openAI) EncodeError(e *chat.Error) []byte { return openAIError(e) }

type openAIResponses struct{ openAI }

func (openAIResponses) Name() string { return "responses" }

func (openAIResponses) EncodeStreamError(e *chat.Error) []byte {
	return appendEvent(nil, "error", encode(struct {
		Type    string  `json:"type"`
		Code    *string `json:"code"`
		Message string  `json:"message"`
		Param   *string `json:"param"`
	}{"error", orNull(e.Code), e.Message, orNull(e.Param)}))
}

// Finish has nothing to add: the last event holds the whole answer.
func (openAIResponses) Finish(*Progress) []byte { return nil }

func (openAIResponses) Follow(p *Progress, event []byte) {
	_, data := sse.Parse(event)
	switch kind := eventType(data); kind {
	case "", "response.created", "response.in_progress", "response.queued",
		"response.output_item.added", "response.content_part.added":
		if failed(data) { // as gateways in between say it
			p.Failed, p.Refusal = true, bytes.Clone(data)
		}
	case "response.completed", "response.incomplete":
		p.Content, p.Done, p.Usage = true, true, Usage(member(data, "response", "usage"))
	case "response.failed":
		var in struct{ Response json.RawMessage }
		p.Failed = true
		// The answer says what is wrong in its member error.
		if p.Refusal = bytes.Clone(data); json.Unmarshal(data, &in) == nil && len(in.Response) > 0 {
			p.Refusal = in.Response
		}
	case "error":
		p.Failed = true
		if p.Refusal = bytes.Clone(data); !failed(data) {
			p.Refusal = append(append([]byte(`{"error":`), data...), '}')
		}
	default:
		p.Content = true
	}
}
