package chat

// A Response is a whole answer.
type Response struct {
	ID      string
	Model   string // as the provider calls it
	Created int64  // Unix seconds
	Parts   []Part // Text, Thinking and ToolCall
	Finish  Finish
	Usage   Usage
}

// A Finish says why a model stopped.
type Finish string

// The reasons to stop.
const (
	Stop     Finish = "stop"       // the answer is complete, or a stop sequence came up
	Length   Finish = "length"     // a limit of tokens was reached
	ToolUse  Finish = "tool_calls" // tools are to be called
	Filtered Finish = "filtered"   // the provider withheld the content
)

// Usage counts tokens.
type Usage struct {
	Input      int // all of the prompt, cached or not
	Output     int
	CacheRead  int // the part of Input that came from the provider's cache
	CacheWrite int // the part of Input that was written to the provider's cache
	Reasoning  int // the part of Output that was reasoning
}

// Total returns the tokens in both directions.
func (u Usage) Total() int { return u.Input + u.Output }

// An Event is a step of a streamed answer: [Start], [TextDelta], [ThinkingDelta],
// [ToolStart], [ToolDelta] or [End].
type Event interface{ event() }

// Start opens a stream. It is the first event.
type Start struct {
	ID      string
	Model   string
	Created int64
	Usage   Usage // what is known so far
}

// TextDelta is more text.
type TextDelta struct{ Text string }

// ThinkingDelta is more reasoning, or the signature that ends it. Reasoning whose text is
// encrypted comes as a whole.
type ThinkingDelta struct {
	Text, Signature string
	Redacted        bool
}

// ToolStart begins a call of a tool. Its arguments follow until another event than
// [ToolDelta].
type ToolStart struct{ ID, Name, Signature string }

// ToolDelta is more of the arguments of the latest call, as a piece of JSON text.
type ToolDelta struct{ Arguments string }

// End closes a stream. It is the last event.
type End struct {
	Finish Finish
	Usage  Usage
}

func (Start) event()         {}
func (TextDelta) event()     {}
func (ThinkingDelta) event() {}
func (ToolStart) event()     {}
func (ToolDelta) event()     {}
func (End) event()           {}

// A Stream is an answer as it is made.
type Stream interface {
	// Next returns the next event. After [End] it returns [io.EOF]; any other error
	// means that the answer is not complete.
	Next() (Event, error)
	// Close stops the answer.
	Close() error
}
