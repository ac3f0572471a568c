package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/gateway"
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
		tokens [2]int64 // in and out, of a whole answer
	}{
		{"not quite", answer(small, -1), small, int64(len(small)), true, [2]int64{70, 0}},
		{"with a length", answer(large, len(large)), large, int64(len(large)), true, [2]int64{70, 0}},
		{"without a length", answer(large, -1), large, -1, true, [2]int64{70, 0}},
		{"cut", answer(large, len(large)+1), large, int64(len(large)) + 1, false, [2]int64{}},
		{"cut without a length", testkit.Cut(answer(large, -1)), large, -1, false, [2]int64{}},
		{"HTML", answer("<html>"+large, -1), testkit.Completion("fine"), -1, true, [2]int64{3, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := testkit.NewUpstream(t, tt.answer), testkit.NewUpstream(t, fine)
			log := newTokenLog()
			text := strings.ReplaceAll(pool("priority", first.URL, second.URL), "client: {"+hurry+"},", "")
			g, err := gateway.New(configure(t, text), slog.New(log))
			if err != nil {
				t.Fatal(err)
			}
			url := run(t, g)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/embeddings", strings.NewReader(`{"model":"pool","input":"x"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Content-Type": {"application/json"}}
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
			if tokens := <-log.tokens; tt.whole && tokens != tt.tokens {
				t.Errorf("counted %d tokens", tokens)
			}
		})
	}
}
