package gateway

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/einstack/glide/internal/access"
	"github.com/einstack/glide/internal/dialect"
)

// A modelList is the body of GET /v1/models.
type modelList struct {
	Object string      `json:"object"`
	Data   []modelItem `json:"data"`
}

type modelItem struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func newModelItem(id string) modelItem {
	return modelItem{ID: id, Object: "model", Created: started.Unix(), OwnedBy: "glide"}
}

var started = time.Now()

func serveModels(w http.ResponseWriter, _ *http.Request, s *state, c *access.Client) {
	list := modelList{Object: "list", Data: []modelItem{}}
	for _, r := range s.order {
		if !c.May(r.ID) {
			continue
		}
		list.Data = append(list.Data, newModelItem(r.ID))
		for _, m := range r.Models {
			list.Data = append(list.Data, newModelItem(m.ID))
		}
	}
	writeJSON(w, http.StatusOK, mustEncode(list))
}

func serveModel(w http.ResponseWriter, r *http.Request, s *state, c *access.Client) {
	id := r.PathValue("model")
	if target := s.targets[id]; target == nil || !c.May(target.ID) {
		writeError(w, dialect.OpenAIChat, s.unknownModel(id, c))
		return
	}
	writeJSON(w, http.StatusOK, mustEncode(newModelItem(id)))
}

func mustEncode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain structs are encoded
	}
	return data
}
