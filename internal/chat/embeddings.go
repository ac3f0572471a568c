package chat

import "encoding/json"

// An EmbeddingsRequest asks for the vectors of texts.
type EmbeddingsRequest struct {
	Inputs     []string
	Tokens     bool // each input is a list of tokens, as JSON
	Dimensions *int
	Base64     bool // vectors are to be packed
	User       string
	// Extra holds the fields that have no word here, by their names.
	Extra map[string]json.RawMessage
}

// Embeddings answers an [EmbeddingsRequest] with one vector for each input, in order.
type Embeddings struct {
	Model   string // as the provider calls it
	Vectors [][]float32
	Usage   Usage
}
