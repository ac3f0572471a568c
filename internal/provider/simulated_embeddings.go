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

// maxDimensions is the largest length of a simulated vector, that of OpenAI's models.
const maxDimensions = 3072

// embed returns the vectors of the texts of req.
func (p *simulated) embed(d dialect.Embeddings, req *chat.EmbeddingsRequest) *Answer {
	dimensions := 256
	if req.Dimensions != nil {
		dimensions = *req.Dimensions
	}
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
