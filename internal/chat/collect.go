package chat

import (
	"io"
	"strings"
)

// Collect reads a stream to its end and returns it as one response.
func Collect(s Stream) (*Response, error) {
	defer s.Close()
	c := collector{response: new(Response)}
	for {
		ev, err := s.Next()
		if err == io.EOF {
			return c.response, nil
		}
		if err != nil {
			return nil, err
		}
		c.add(ev)
	}
}

// A collector gathers the part of a response that the latest events belong to.
type collector struct {
	response                  *Response
	text, thinking, arguments strings.Builder
	signature                 string
	call                      *ToolCall
}

func (c *collector) add(ev Event) {
	switch ev := ev.(type) {
	case Start:
		c.response.ID, c.response.Model, c.response.Created = ev.ID, ev.Model, ev.Created
	case TextDelta:
		if c.text.Len() == 0 {
			c.flush()
		}
		c.text.WriteString(ev.Text)
	case ThinkingDelta:
		if ev.Redacted {
			c.flush()
			c.response.Parts = append(c.response.Parts, Thinking{Text: ev.Text, Redacted: true})
			return
		}
		if c.thinking.Len() == 0 && c.signature == "" {
			c.flush()
		}
		c.thinking.WriteString(ev.Text)
		c.signature += ev.Signature
	case ToolStart:
		c.flush()
		c.call = &ToolCall{ID: ev.ID, Name: ev.Name, Signature: ev.Signature}
	case ToolDelta:
		c.arguments.WriteString(ev.Arguments)
	case End:
		c.flush()
		c.response.Finish, c.response.Usage = ev.Finish, ev.Usage
	}
}

// flush ends the part that is being gathered.
func (c *collector) flush() {
	parts := &c.response.Parts
	switch {
	case c.call != nil:
		c.call.Arguments = c.arguments.String()
		*parts = append(*parts, *c.call)
	case c.text.Len() > 0:
		*parts = append(*parts, Text{Text: c.text.String()})
	case c.thinking.Len() > 0 || c.signature != "":
		*parts = append(*parts, Thinking{Text: c.thinking.String(), Signature: c.signature})
	}
	c.call, c.signature = nil, ""
	c.text.Reset()
	c.thinking.Reset()
	c.arguments.Reset()
}
