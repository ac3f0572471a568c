package chat

import (
	"io"
	"testing"
)

// TestCollect gathers a stream of all kinds of events.
func TestCollect(t *testing.T) {
	r, err := Collect(&sliceStream{events: []Event{
		Start{ID: "i", Model: "m", Created: 1},
		ThinkingDelta{Text: "hm"}, ThinkingDelta{Signature: "sig"}, ThinkingDelta{Text: "x", Redacted: true}, ThinkingDelta{Text: "y", Redacted: true},
		TextDelta{Text: "a"}, TextDelta{Text: "b"},
		ToolStart{ID: "t1", Name: "f"}, ToolDelta{Arguments: `{"x":`}, ToolDelta{Arguments: `1}`},
		ToolStart{ID: "t2", Name: "g"},
		TextDelta{Text: "c"},
		End{Finish: ToolUse, Usage: Usage{Input: 1, Output: 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{
		Thinking{Text: "hm", Signature: "sig"}, Thinking{Text: "x", Redacted: true}, Thinking{Text: "y", Redacted: true}, Text{Text: "ab"},
		ToolCall{ID: "t1", Name: "f", Arguments: `{"x":1}`}, ToolCall{ID: "t2", Name: "g"}, Text{Text: "c"},
	}
	if len(r.Parts) != len(want) {
		t.Fatalf("got %+v", r.Parts)
	}
	for i := range want {
		if r.Parts[i] != want[i] {
			t.Errorf("part %d: got %+v, want %+v", i, r.Parts[i], want[i])
		}
	}
	if r.Finish != ToolUse || r.Usage.Total() != 3 || r.ID != "i" {
		t.Errorf("got %+v", r)
	}
}

type sliceStream struct{ events []Event }

func (s *sliceStream) Next() (Event, error) {
	if len(s.events) == 0 {
		return nil, io.EOF
	}
	ev := s.events[0]
	s.events = s.events[1:]
	return ev, nil
}

func (s *sliceStream) Close() error { return nil }
