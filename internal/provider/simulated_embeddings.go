package provider

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// What a simulated model embeds at once: the inputs and dimensions of OpenAI's models, and
// numbers in all, as it has no tokens to limit.
const (
	maxInputs     = 2048
	maxDimensions = 3072
	maxNumbers    = 1 << 20
)

// dimensionsOf returns the length of the vectors that req wants. The error is a [*chat.Error]
// if that is too long, or too much in all.
func dimensionsOf(req *chat.EmbeddingsRequest) (int, error) {
	dimensions := 256
	if req.Dimensions != nil {
		dimensions = *req.Dimensions
	}
	switch inputs := len(req.Inputs); {
	case dimensions > maxDimensions:
		return 0, chat.Invalid("dimensions", "%d is out of range; use a number from 1 to %d", dimensions, maxDimensions)
	case inputs > maxInputs:
		return 0, chat.Invalid("input", "%d inputs are too many; send at most %d", inputs, maxInputs)
	case inputs*dimensions > maxNumbers:
		return 0, chat.Invalid("input", "%d inputs are too many for %d dimensions; send at most %d", inputs, dimensions, maxNumbers/dimensions)
	}
	return dimensions, nil
}

// embed returns the vectors of the texts of req.
func (p *simulated) embed(d dialect.Embeddings, req *chat.EmbeddingsRequest, dimensions int) *Answer {
	out := &chat.Embeddings{Model: p.settings.Model}
	for _, input := range req.Inputs {
		out.Usage.Input += len(strings.Fields(input))
		out.Vectors = append(out.Vectors, vector(input, dimensions))
	}
	return bodyAnswer(http.StatusOK, nil, d.EncodeEmbeddings(req, out))
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
