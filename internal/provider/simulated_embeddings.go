package provider

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// embeddingRequest is the body of a request for embeddings.
type embeddingRequest struct {
	Input          json.RawMessage `json:"input"`
	Dimensions     *int            `json:"dimensions"`
	EncodingFormat string          `json:"encoding_format"`
}

// maxDimensions is the largest length of a simulated vector, that of OpenAI's models.
const maxDimensions = 3072

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"`
}

// decodeEmbeddings returns a request's inputs, each as the text or the list of tokens that
// it is.
func decodeEmbeddings(body []byte) (*embeddingRequest, []string, error) {
	in := new(embeddingRequest)
	if err := json.Unmarshal(body, in); err != nil {
		return nil, nil, chat.Invalid("", "the request cannot be read: %v", err)
	}
	if d := in.Dimensions; d != nil && (*d < 1 || *d > maxDimensions) {
		return nil, nil, chat.Invalid("dimensions", "%d is out of range; use a number from 1 to %d", *d, maxDimensions)
	}
	if f := in.EncodingFormat; f != "" && f != "float" && f != "base64" {
		return nil, nil, chat.Invalid("encoding_format", "%q is not a format; use float or base64", f)
	}
	var text string
	var texts []string
	var tokens []int
	var lists [][]int
	switch {
	case json.Unmarshal(in.Input, &text) == nil && text != "":
		return in, []string{text}, nil
	case json.Unmarshal(in.Input, &texts) == nil && len(texts) > 0:
		return in, texts, nil
	case json.Unmarshal(in.Input, &tokens) == nil && len(tokens) > 0:
		return in, []string{string(in.Input)}, nil
	case json.Unmarshal(in.Input, &lists) == nil && len(lists) > 0:
		for _, list := range lists {
			data, err := json.Marshal(list)
			if err != nil {
				return nil, nil, err
			}
			texts = append(texts, string(data))
		}
		return in, texts, nil
	}
	return nil, nil, chat.Invalid("input", "the input is missing or empty; send a string, a list of strings or of tokens")
}

// embed returns the vectors of the inputs.
func (p *simulated) embed(in *embeddingRequest, inputs []string) (*Answer, error) {
	dimensions := 256
	if in.Dimensions != nil {
		dimensions = *in.Dimensions
	}
	out := struct {
		Object string         `json:"object"`
		Data   []embedding    `json:"data"`
		Model  string         `json:"model"`
		Usage  map[string]int `json:"usage"`
	}{Object: "list", Model: p.settings.Model}
	words := 0
	for i, input := range inputs {
		words += len(strings.Fields(input))
		var value any = vector(input, dimensions)
		if in.EncodingFormat == "base64" {
			value = packed(vector(input, dimensions))
		}
		out.Data = append(out.Data, embedding{"embedding", i, value})
	}
	out.Usage = map[string]int{"prompt_tokens": words, "total_tokens": words}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return bodyAnswer(http.StatusOK, nil, body), nil
}

// vector returns a vector of length 1 that depends on the text alone.
func vector(text string, dimensions int) []float32 {
	hash := fnv.New64a()
	hash.Write([]byte(text))
	random := rand.New(rand.NewPCG(hash.Sum64(), 0))
	v := make([]float64, dimensions)
	sum := 0.0
	for i := range v {
		v[i] = random.NormFloat64()
		sum += v[i] * v[i]
	}
	out := make([]float32, dimensions)
	for i := range v {
		out[i] = float32(v[i] / math.Sqrt(sum))
	}
	return out
}

// packed returns a vector in the base64 form that OpenAI's Python client asks for.
func packed(v []float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
