package gateway_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/testkit"
)

// A tokenLog tells the tokens, in and out, of each request that is logged.
type tokenLog struct {
	slog.Handler
	tokens chan [2]int64
}

func newTokenLog() tokenLog { return tokenLog{slog.DiscardHandler, make(chan [2]int64, 1)} }

func (tokenLog) Enabled(context.Context, slog.Level) bool { return true }

func (l tokenLog) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "request" {
		return nil
	}
	var tokens [2]int64
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "input_tokens":
			tokens[0] = a.Value.Int64()
		case "output_tokens":
			tokens[1] = a.Value.Int64()
		}
		return true
	})
	l.tokens <- tokens
	return nil
}

// TestTokens counts what an answer states of its own, wherever that is, and not what it says of parts
// of itself.
func TestTokens(t *testing.T) {
	const usage = `"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}`
	const breakdown = `"usage_breakdown":{"models":[{"model":"a","usage":{"prompt_tokens":1,"completion_tokens":2}}]}`
	long := `"choices":[{"message":{"content":"` + strings.Repeat("long ", 4000) + `"}}]`
	u := testkit.NewUpstream(t, nil)
	log := newTokenLog()
	g, err := gateway.New(configure(t, pool("priority", u.URL)), slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	url := run(t, g)
	for name, body := range map[string]string{
		"ahead of the content": `{` + usage + `,` + long + `}`,
		"with its parts":       `{` + long + `,` + usage + `,` + breakdown + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			u.Answer(testkit.JSON(200, body))
			if _, _, err := post(t, url, plain); err != nil {
				t.Fatal(err)
			}
			if got := <-log.tokens; got != [2]int64{7, 9} {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("in a stream", func(t *testing.T) {
		u.Answer(testkit.Stream(testkit.Chunk("x"), testkit.Stop, `data: {"choices":[],"x_groq":{"id":"r",`+usage+`,`+breakdown+"}}\n\n", testkit.Done))
		if _, _, err := post(t, url, streamed); err != nil {
			t.Fatal(err)
		}
		if got := <-log.tokens; got != [2]int64{7, 9} {
			t.Errorf("got %v", got)
		}
	})
}
