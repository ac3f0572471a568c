package dialect_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
)

// FuzzRequest translates requests of every dialect to every upstream: each becomes JSON
// with the model's name, or is refused by what is wrong with it.
func FuzzRequest(f *testing.F) {
	f.Add(`{"messages":[{"role":"user","content":"x"}]}`)
	f.Add(`{"message":{"role":"user","content":"x"},"message_history":[{"role":"system","content":"y"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, from := range []dialect.Chat{dialect.OpenAIChat, dialect.AnthropicMessages, dialect.Glide{Origin: new(dialect.Origin)}} {
			for _, to := range []dialect.Upstream{dialect.OpenAIUpstream, dialect.CompatibleUpstream, dialect.AnthropicUpstream, dialect.Ollama} {
				req, err := from.DecodeRequest([]byte(body))
				var out []byte
				if err == nil {
					out, err = to.EncodeRequest(req, "m")
				}
				if e, ok := errors.AsType[*chat.Error](err); err != nil && (!ok || e.Status != 400 || e.Message == "") {
					t.Fatalf("%T to %T: %v is no refusal", from, to, err)
				}
				var sent struct{ Model string }
				if err == nil && (json.Unmarshal(out, &sent) != nil || sent.Model != "m") {
					t.Fatalf("%T to %T: got %s", from, to, out)
				}
			}
		}
	})
}

// FuzzStream translates streams of every upstream to every dialect: a stream ends as a
// whole one, or with an error.
func FuzzStream(f *testing.F) {
	f.Add("data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	f.Add("data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"message_stop\"}\n\n")
	f.Add("{\"message\":{\"content\":\"x\"}}\n{\"done\":true,\"done_reason\":\"stop\"}\n")
	f.Fuzz(func(t *testing.T, wire string) {
		for _, from := range []dialect.Upstream{dialect.OpenAIUpstream, dialect.AnthropicUpstream, dialect.Ollama} {
			for _, to := range []dialect.Chat{dialect.OpenAIChat, dialect.AnthropicMessages, dialect.Glide{Origin: new(dialect.Origin), Stream: true}} {
				stream, encoder := from.DecodeStream(io.NopCloser(strings.NewReader(wire))), to.NewEncoder(&chat.Request{StreamUsage: true})
				var p dialect.Progress
				var err error
				for err == nil {
					var ev chat.Event
					if ev, err = stream.Next(); err != nil {
						break
					}
					for event := range strings.SplitAfterSeq(string(encoder.Encode(nil, ev)), "\n\n") {
						to.Follow(&p, []byte(event))
					}
				}
				if (err == io.EOF) != p.Done || p.Failed {
					t.Fatalf("%T to %T: ends with %v after %+v", from, to, err, p)
				}
			}
		}
	})
}
