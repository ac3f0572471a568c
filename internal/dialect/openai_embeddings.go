package dialect

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"

	"github.com/einstack/glide/internal/chat"
)

// OpenAIEmbeddings is OpenAI's POST /v1/embeddings.
var OpenAIEmbeddings Embeddings = openAIEmbeddings{}

// openAIEmbeddings has no streams.
type openAIEmbeddings struct{ openAI }

func (openAIEmbeddings) Name() string                           { return "embeddings" }
func (openAIEmbeddings) EncodeStreamError(e *chat.Error) []byte { return openAIError(e) }
func (openAIEmbeddings) Follow(*Progress, []byte)               {}
func (openAIEmbeddings) Finish(*Progress) []byte                { return nil }

type openAIEmbeddingsRequest struct {
	Model          string          `json:"model"`
	Input          json.RawMessage `json:"input"`
	Dimensions     *int            `json:"dimensions"`
	EncodingFormat string          `json:"encoding_format"`
	User           string          `json:"user"`
}

func (openAIEmbeddings) DecodeEmbeddings(body []byte) (*chat.EmbeddingsRequest, error) {
	var in openAIEmbeddingsRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err)
	}
	extra, err := unknownFields(body, in)
	if err != nil {
		return nil, err
	}
	if d := in.Dimensions; d != nil && *d < 1 {
		return nil, chat.Invalid("dimensions", "%d is out of range; use a number from 1 on", *d)
	}
	out := &chat.EmbeddingsRequest{Dimensions: in.Dimensions, Base64: in.EncodingFormat == "base64", User: in.User, Extra: extra}
	if f := in.EncodingFormat; f != "" && f != "float" && f != "base64" {
		return nil, chat.Invalid("encoding_format", "%q is not a format; use float or base64", f)
	}
	var text string
	var tokens []int
	var lists [][]int
	switch {
	case json.Unmarshal(in.Input, &text) == nil && text != "":
		out.Inputs = []string{text}
	case json.Unmarshal(in.Input, &out.Inputs) == nil && len(out.Inputs) > 0:
	case json.Unmarshal(in.Input, &tokens) == nil && len(tokens) > 0:
		out.Inputs, out.Tokens = []string{string(in.Input)}, true
	case json.Unmarshal(in.Input, &lists) == nil && len(lists) > 0:
		out.Inputs, out.Tokens = nil, true
		for _, list := range lists {
			out.Inputs = append(out.Inputs, string(encode(list)))
		}
	default:
		return nil, chat.Invalid("input", "the input is missing or empty; send a string, a list of strings or of tokens")
	}
	return out, nil
}

func (openAIEmbeddings) EncodeEmbeddings(req *chat.EmbeddingsRequest, e *chat.Embeddings) []byte {
	type item struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"`
	}
	type usage struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	}
	out := struct {
		Object string `json:"object"`
		Data   []item `json:"data"`
		Model  string `json:"model"`
		Usage  usage  `json:"usage"`
	}{Object: "list", Data: []item{}, Model: e.Model, Usage: usage{e.Usage.Input, e.Usage.Total()}}
	for i, v := range e.Vectors {
		var value any = v
		if req.Base64 {
			value = packed(v)
		}
		out.Data = append(out.Data, item{"embedding", i, value})
	}
	return encode(out)
}

// packed returns a vector in the base64 form that OpenAI's Python client asks for.
func packed(v []float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// embeddingsOfTexts refuses what the API named cannot embed: lists of tokens, which mean
// something to one provider alone, and unknown fields but for those allowed.
func embeddingsOfTexts(api string, req *chat.EmbeddingsRequest, allowed ...string) error {
	if req.Tokens {
		return chat.Unsupported(api, "input: tokens")
	}
	if req.User != "" {
		return chat.Unsupported(api, "user")
	}
	return refuseExtra(api, req.Extra, allowed...)
}
