package dialect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/sse"
)

// Glide is Glide's router API, whose router is named by the path: a plain answer, or the
// messages of a WebSocket. There each event of the stream is the rest of a message, to
// which the WebSocket adds whose it is.
type Glide struct {
	Origin *Origin
	Stream bool
}

// An Origin says who answers. It is set before a model is asked.
type Origin struct {
	Router   string
	Model    string // its id within the router
	Provider string // as the configuration calls it
}

type glideRequest struct {
	ID             string                   `json:"id,omitempty"`
	Message        *glideMessage            `json:"message"`
	MessageHistory []glideMessage           `json:"message_history,omitempty"`
	OverrideParams map[string]glideOverride `json:"override_params,omitempty"`
	Metadata       json.RawMessage          `json:"metadata,omitempty"`
}

type glideMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// glideOverride is what one model, by its id, gets in place of what others do.
type glideOverride struct {
	Message glideMessage `json:"message"`
}

type glideResponse struct {
	ID        string `json:"id"`
	CreatedAt int64  `json:"created_at"`
	RouterID  string `json:"router_id"`
	glideAnswer
}

// glideAnswer is an answer, or a piece of one.
type glideAnswer struct {
	ProviderID    string             `json:"provider_id"`
	ModelID       string             `json:"model_id"`
	ModelName     string             `json:"model_name"`
	Cached        bool               `json:"cached"`
	ModelResponse glideModelResponse `json:"model_response"`
	FinishReason  string             `json:"finish_reason,omitempty"`
}

type glideModelResponse struct {
	Metadata   map[string]string `json:"metadata"`
	Message    glideMessage      `json:"message"`
	TokenUsage *glideUsage       `json:"token_usage,omitempty"`
}

type glideUsage struct {
	PromptTokens   int `json:"prompt_tokens"`
	ResponseTokens int `json:"response_tokens"`
	TotalTokens    int `json:"total_tokens"`
}

type glideError struct {
	Name         string `json:"name"`
	Message      string `json:"message"`
	FinishReason string `json:"finish_reason,omitempty"`
}

// Name returns chat, as the operation is the same as in other dialects.
func (Glide) Name() string { return "chat" }

func newGlideError(e *chat.Error) glideError {
	name := e.Code
	if name == "" {
		name = e.Type
	}
	return glideError{Name: name, Message: e.Named()}
}

// EncodeError returns an error with its name.
func (Glide) EncodeError(e *chat.Error) []byte { return encode(newGlideError(e)) }

// EncodeStreamError returns the last event of a stream.
func (Glide) EncodeStreamError(e *chat.Error) []byte {
	out := newGlideError(e)
	out.FinishReason = "error"
	return appendData(nil, struct {
		Error glideError `json:"error"`
	}{out})
}

func appendData(dst []byte, v any) []byte {
	return append(append(append(dst, "data: "...), encode(v)...), "\n\n"...)
}

// Follow takes note of a chunk. The last one says why it is.
func (Glide) Follow(p *Progress, event []byte) {
	_, data := sse.Parse(event)
	if len(data) == 0 {
		return
	}
	p.Content = true
	if hasValue(data, `"finish_reason"`, '"', '"') {
		p.Finished, p.Done, p.Usage = true, true, Usage(member(data, "chunk", "model_response", "token_usage"))
	}
}

// Finish has nothing to add.
func (Glide) Finish(*Progress) []byte { return nil }

// DecodeRequest translates a request. What the API does not have is refused.
func (g Glide) DecodeRequest(body []byte) (*chat.Request, error) {
	var in glideRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, chat.Invalid(fieldOf(err), "the request cannot be read: %v", err)
	}
	unknown, err := unknownFields(body, in)
	if err != nil {
		return nil, err
	}
	if !g.Stream && in.ID != "" {
		unknown["id"] = nil
	}
	if !g.Stream && in.Metadata != nil {
		unknown["metadata"] = nil
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		return nil, chat.Invalid(name, "%q is not a field of this API; remove it, or set it by default_params of the model", name)
	}
	last, at := in.Message, "message"
	if o, ok := in.OverrideParams[g.Origin.Model]; ok {
		last, at = &o.Message, "override_params."+g.Origin.Model+".message"
	}
	if last == nil {
		return nil, chat.Invalid("message", "message is missing; send one with role and content")
	}
	out := &chat.Request{Stream: g.Stream, StreamUsage: true, Extra: map[string]json.RawMessage{}}
	for i, m := range in.MessageHistory {
		if err := m.decode(out, fmt.Sprintf("message_history[%d]", i)); err != nil {
			return nil, err
		}
	}
	if err := last.decode(out, at); err != nil {
		return nil, err
	}
	if len(out.Messages) == 0 {
		return nil, chat.Invalid(at+".role", "there are only instructions; send a message of the user")
	}
	return out, nil
}

func (m *glideMessage) decode(out *chat.Request, at string) error {
	parts := []chat.Part{chat.Text{Text: m.Content}}
	switch m.Role {
	case "user", "assistant":
		out.Messages = append(out.Messages, chat.Message{Role: chat.Role(m.Role), Parts: parts})
	case "system":
		if len(out.Messages) > 0 {
			return chat.Untranslatable(at+".role", "instructions in the middle of a conversation cannot be translated; put them first")
		}
		out.System = append(out.System, parts...)
	default:
		return chat.Invalid(at+".role", "%q is not a role; use system, user or assistant", m.Role)
	}
	return nil
}

func (g Glide) newAnswer(model string) glideAnswer {
	return glideAnswer{
		ProviderID: g.Origin.Provider, ModelID: g.Origin.Model, ModelName: model,
		ModelResponse: glideModelResponse{Metadata: map[string]string{}, Message: glideMessage{Role: "assistant"}},
	}
}

// end adds what is known when a model has stopped.
func (a *glideAnswer) end(f chat.Finish, u chat.Usage) {
	a.FinishReason = "other"
	switch f {
	case chat.Stop:
		a.FinishReason = "complete"
	case chat.Length:
		a.FinishReason = "max_tokens"
	case chat.Filtered:
		a.FinishReason = "content_filtered"
	}
	a.ModelResponse.TokenUsage = &glideUsage{u.Input, u.Output, u.Total()}
}

// EncodeResponse translates an answer. Reasoning has its place in the metadata.
func (g Glide) EncodeResponse(r *chat.Response) []byte {
	out := glideResponse{ID: r.ID, CreatedAt: r.Created, RouterID: g.Origin.Router, glideAnswer: g.newAnswer(r.Model)}
	answer := &out.ModelResponse
	for _, part := range r.Parts {
		switch p := part.(type) {
		case chat.Text:
			answer.Message.Content += p.Text
		case chat.Thinking:
			if !p.Redacted {
				answer.Metadata["reasoning"] += p.Text
			}
		}
	}
	out.end(r.Finish, r.Usage)
	return encode(out)
}

// NewEncoder returns what translates one stream.
func (g Glide) NewEncoder(*chat.Request) Encoder { return &glideEncoder{dialect: g} }

type glideEncoder struct {
	dialect Glide
	model   string
}

func (e *glideEncoder) Encode(dst []byte, ev chat.Event) []byte {
	chunk := e.dialect.newAnswer(e.model)
	switch ev := ev.(type) {
	case chat.Start:
		e.model = ev.Model
		return dst
	case chat.TextDelta:
		chunk.ModelResponse.Message.Content = ev.Text
	case chat.ThinkingDelta:
		if ev.Text == "" || ev.Redacted {
			return dst
		}
		chunk.ModelResponse.Metadata["reasoning"] = ev.Text
	case chat.End:
		chunk.end(ev.Finish, ev.Usage)
	default: // tools, of which requests have none
		return dst
	}
	return appendData(dst, struct {
		Chunk glideAnswer `json:"chunk"`
	}{chunk})
}
