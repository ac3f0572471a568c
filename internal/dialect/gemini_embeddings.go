package dialect

import (
	"encoding/json"
	"fmt"

	"github.com/einstack/glide/internal/chat"
)

// GeminiEmbeddings is Gemini's batchEmbedContents.
var GeminiEmbeddings EmbeddingsUpstream = geminiEmbeddings{}

type geminiEmbeddings struct{ gemini }

type geminiEmbedding struct {
	Model                string          `json:"model"`
	Content              geminiContent   `json:"content"`
	OutputDimensionality *int            `json:"outputDimensionality,omitempty"`
	TaskType             json.RawMessage `json:"taskType,omitempty"`
}

// EncodeEmbeddings takes Gemini's own task_type as well.
func (geminiEmbeddings) EncodeEmbeddings(req *chat.EmbeddingsRequest, model string) ([]byte, error) {
	const taskType = "task_type"
	if err := embeddingsOfTexts(geminiAPI, req, taskType); err != nil {
		return nil, err
	}
	var out struct {
		Requests []geminiEmbedding `json:"requests"`
	}
	for _, input := range req.Inputs {
		out.Requests = append(out.Requests, geminiEmbedding{
			Model: "models/" + model, Content: geminiContent{Parts: []geminiPart{{Text: &input}}},
			OutputDimensionality: req.Dimensions, TaskType: req.Extra[taskType],
		})
	}
	return encode(out), nil
}

func (geminiEmbeddings) DecodeEmbeddings(body []byte) (*chat.Embeddings, error) {
	var in struct {
		Embeddings []struct {
			Values []float32 `json:"values"`
		} `json:"embeddings"`
		UsageMetadata geminiUsage `json:"usageMetadata"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	out := &chat.Embeddings{Usage: chat.Usage{Input: in.UsageMetadata.PromptTokenCount}}
	for _, e := range in.Embeddings {
		out.Vectors = append(out.Vectors, e.Values)
	}
	return out, nil
}
