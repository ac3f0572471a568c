package dialect

import (
	"encoding/json"
	"fmt"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
)

// A CohereEmbeddings is version 2 of Cohere's embed API.
type CohereEmbeddings struct {
	cohere
	InputType string // what the texts are for, unless the client says it as input_type
}

type cohereEmbedRequest struct {
	Model           string   `json:"model"`
	Texts           []string `json:"texts"`
	InputType       string   `json:"input_type"`
	EmbeddingTypes  []string `json:"embedding_types"`
	OutputDimension *int     `json:"output_dimension,omitempty"`
}

// EncodeEmbeddings takes Cohere's own input_type as well.
func (c CohereEmbeddings) EncodeEmbeddings(req *chat.EmbeddingsRequest, model string) ([]byte, error) {
	const inputType = "input_type"
	if err := embeddingsOfTexts(cohereAPI, req, inputType); err != nil {
		return nil, err
	}
	out := cohereEmbedRequest{
		Model: model, Texts: req.Inputs, InputType: c.InputType, EmbeddingTypes: []string{"float"}, OutputDimension: req.Dimensions,
	}
	if said, ok := req.Extra[inputType]; ok {
		if out.InputType, ok = scan.String(said); !ok {
			return nil, chat.Invalid(inputType, "input_type is not a string")
		}
	}
	return encode(out), nil
}

// DecodeEmbeddings translates an answer.
func (CohereEmbeddings) DecodeEmbeddings(body []byte) (*chat.Embeddings, error) {
	var in struct {
		Embeddings struct {
			Float [][]float32 `json:"float"`
		} `json:"embeddings"`
		Meta struct {
			BilledUnits struct {
				InputTokens float64 `json:"input_tokens"`
			} `json:"billed_units"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &chat.Embeddings{Vectors: in.Embeddings.Float, Usage: chat.Usage{Input: int(in.Meta.BilledUnits.InputTokens)}}, nil
}
