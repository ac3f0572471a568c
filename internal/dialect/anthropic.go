package dialect

import (
	"bytes"
	"net/http"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
	"github.com/einstack/glide/internal/sse"
)

// AnthropicMessages is Anthropic's POST /v1/messages, AnthropicTokens its
// /v1/messages/count_tokens, which is not translated: only Anthropic knows its tokens.
var (
	AnthropicMessages Chat    = anthropicMessages{}
	AnthropicTokens   Dialect = anthropicTokens{}
)

type anthropicTokens struct{ anthropic }

func (anthropicTokens) Name() string { return "count_tokens" }

type anthropicMessages struct{ anthropic }

func (anthropicMessages) Name() string { return "messages" }

// anthropic is what Anthropic's operations have in common.
type anthropic struct{}

func (anthropic) EncodeError(e *chat.Error) []byte {
	var body anthropicError
	body.Type = "error"
	body.Error.Type, body.Error.Message = anthropicErrorType(e.Status), e.Named()
	return encode(body)
}

type anthropicError struct {
	Type  string `json:"type"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

func anthropicErrorType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	}
	if status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

func (a anthropic) EncodeStreamError(e *chat.Error) []byte {
	return appendEvent(nil, "error", a.EncodeError(e))
}

// appendEvent appends an event with a name, without which Anthropic's SDKs do not see it.
func appendEvent(dst []byte, name string, data []byte) []byte {
	dst = append(append(dst, "event: "...), name...)
	dst = append(append(dst, "\ndata: "...), data...)
	return append(dst, "\n\n"...)
}

func (anthropic) Finish(p *Progress) []byte {
	if p.Done || !p.Finished {
		return nil
	}
	return appendEvent(nil, "message_stop", []byte(`{"type":"message_stop"}`))
}

func (anthropic) Follow(p *Progress, event []byte) {
	_, data := sse.Parse(event)
	switch eventType(data) {
	case "message_start":
		p.Usage = Usage(member(data, "message", "usage"))
	case "content_block_delta":
		p.Content = true
	case "message_delta":
		// An answer may have no content at all; then this is what it says.
		p.Content, p.Finished = true, true
		if u := Usage(member(data, "usage")); u.Input > 0 {
			p.Usage = u
		} else {
			p.Usage.Output = u.Output
		}
	case "message_stop":
		p.Done = true
	case "error":
		p.Failed, p.Refusal = true, bytes.Clone(data)
	}
}

// eventType returns the member type of data, an object, or "".
func eventType(data []byte) string {
	name, _ := scan.String(member(data, "type"))
	return name
}
