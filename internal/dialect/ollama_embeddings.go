package dialect

import (
	"encoding/json"
	"fmt"

	"github.com/einstack/glide/internal/chat"
)

// OllamaEmbeddings is Ollama's own API for embeddings.
var OllamaEmbeddings EmbeddingsUpstream = ollamaEmbeddings{}

type ollamaEmbeddings struct{ ollama }

type ollamaEmbedRequest struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Dimensions *int     `json:"dimensions,omitempty"`
}

func (ollamaEmbeddings) EncodeEmbeddings(req *chat.EmbeddingsRequest, model string) ([]byte, error) {
	if err := embeddingsOfTexts(ollamaAPI, req); err != nil {
		return nil, err
	}
	return encode(ollamaEmbedRequest{model, req.Inputs, req.Dimensions}), nil
}

func (ollamaEmbeddings) DecodeEmbeddings(body []byte) (*chat.Embeddings, error) {
	var in struct {
		Model           string      `json:"model"`
		Embeddings      [][]float32 `json:"embeddings"`
		PromptEvalCount int         `json:"prompt_eval_count"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &chat.Embeddings{Model: in.Model, Vectors: in.Embeddings, Usage: chat.Usage{Input: in.PromptEvalCount}}, nil
}
