package dialect

import (
	"bytes"
	"encoding/json"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
	"github.com/einstack/glide/internal/sse"
)

// OpenAIChat is OpenAI's POST /v1/chat/completions.
var OpenAIChat Chat = openAIChat{}

type openAIChat struct{ openAI }

func (openAIChat) Name() string { return "chat" }

func (openAIChat) EncodeStreamError(e *chat.Error) []byte {
	return append(append([]byte("data: "), openAIError(e)...), "\n\n"...)
}

// openAIError returns an error in the shape that OpenAI's SDKs read.
func openAIError(e *chat.Error) []byte {
	type wireError struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	return encode(struct {
		Error wireError `json:"error"`
	}{wireError{e.Message, e.Type, orNull(e.Param), orNull(e.Code)}})
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

var (
	doneData  = []byte("[DONE]")
	doneEvent = []byte("data: [DONE]\n\n")
)

func (openAIChat) Finish(p *Progress) []byte {
	if p.Done || !p.Finished {
		return nil
	}
	return doneEvent
}

func (openAIChat) Follow(p *Progress, event []byte) {
	_, data := sse.Parse(event)
	switch {
	case len(data) == 0:
		return
	case bytes.Equal(data, doneData):
		p.Done = true
		return
	case bytes.Contains(data, []byte(`"error"`)) && failed(data):
		p.Failed, p.Refusal = true, bytes.Clone(data)
		return
	}
	if !p.Content {
		p.Content = hasDelta(data)
	}
	if hasValue(data, `"finish_reason"`, '"', '"') {
		p.Finished = true
	}
	if !hasValue(data, `"usage"`, '{', '}') {
		return // as in all chunks but the last
	}
	for _, path := range [][]string{{"usage"}, {"x_groq", "usage"}} { // Groq's own, unless asked for
		if usage := Usage(member(data, path...)); usage != (chat.Usage{}) {
			p.Usage = usage
		}
	}
}

// failed reports whether data is an object with an error at its top, or is an error itself,
// as older servers of vLLM tell it.
func failed(data []byte) bool {
	told := member(data, "error")
	return told != nil && !scan.Null(told) || string(member(data, "object")) == `"error"`
}

// hasDelta reports whether a chunk carries anything of the answer. Servers open a stream
// with a chunk that names the role alone.
func hasDelta(data []byte) bool {
	found := false
	// What is malformed carries nothing; the client sees it as it is.
	_ = scan.Object(data, func(key []byte, choices scan.Range) error {
		if string(key) != "choices" {
			return nil
		}
		text := choices.Of(data)
		return scan.Array(text, func(choice scan.Range) error {
			found = found || choiceHasContent(choice.Of(text))
			return nil
		})
	})
	return found
}

func choiceHasContent(choice []byte) bool {
	found := false
	_ = scan.Object(choice, func(key []byte, value scan.Range) error {
		switch field := value.Of(choice); string(key) {
		case "finish_reason", "text":
			found = found || !isBlank(field)
		case "delta":
			return scan.Object(field, func(key []byte, value scan.Range) error {
				found = found || string(key) != "role" && !isBlank(value.Of(field))
				return nil
			})
		}
		return nil
	})
	return found
}

func isBlank(value []byte) bool {
	switch string(value) {
	case "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// encode returns v as JSON without the escapes that HTML would need.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only types of this package are encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
