package gateway_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// TestLargeAnswers passes on plain answers that are larger than what is taken in before the client gets any.
func TestLargeAnswers(t *testing.T) {
	embeddings := func(size int) string {
		return `{"object":"list","data":["` + strings.Repeat("x", size) + `"],"usage":{"prompt_tokens":70,"total_tokens":70}}`
	}
	small, large := embeddings(16<<20-100), embeddings(20<<20)
	answer := func(body string, length int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if length >= 0 {
				w.Header().Set("Content-Length", strconv.Itoa(length))
			}
			// The gateway may break it off.
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string // the answer
		length int64
		whole  bool
		left   string // tokens
	}{
		{"not quite", answer(small, -1), small, int64(len(small)), true, "930"},
		{"with a length", answer(large, len(large)), large, int64(len(large)), true, "930"},
		{"without a length", answer(large, -1), large, -1, true, "930"},
		{"cut", answer(large, len(large)+1), large, int64(len(large)) + 1, false, ""},
		{"cut without a length", testkit.Cut(answer(large, -1)), large, -1, false, ""},
		{"HTML", answer("<html>"+large, -1), testkit.Completion("fine"), -1, true, "995"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := testkit.NewUpstream(t, tt.answer), testkit.NewUpstream(t, fine)
			config := strings.ReplaceAll(withKeys(first.URL, ", tokens: 1000/h"), "client: {"+hurry+"},", "")
			url := serve(t, strings.Replace(config, "}},\n", "}},\n{id: m1, openai: {model: m, base_url: '"+second.URL+"'}},\n", 1))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/embeddings", strings.NewReader(`{"model":"pool","input":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"key-all"}}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if res.StatusCode != http.StatusOK || string(got) != tt.want || (err == nil) != tt.whole {
				t.Errorf("got %s, %d bytes, %v", res.Status, len(got), err)
			}
			if tt.want != testkit.Completion("fine") && (res.ContentLength != tt.length || second.Count() != 0) {
				t.Errorf("got the length %d, want %d; the other model was asked %d times", res.ContentLength, tt.length, second.Count())
			}
			first.Answer(testkit.JSON(http.StatusOK, testkit.Completion("small")))
			if tt.left != "" {
				res, _ := testkit.Do(t, http.MethodPost, url+"/v1/embeddings", `{"model":"pool","input":"x"}`, "X-Api-Key", "key-all")
				if left := res.Header.Get("X-Ratelimit-Remaining-Tokens"); left != tt.left {
					t.Errorf("%s tokens are left", left)
				}
			}
		})
	}
}
