// Package chat holds the vocabulary in which Glide translates between dialects: what a
// client asks, what a model answers, and how either says no.
//
// It is used only where client and provider speak different dialects; otherwise a
// body passes through untouched. Each dialect is translated to and from this vocabulary
// once, instead of once for every pair. What a dialect says beyond it is kept by name in
// [Request.Extra], so that a provider that cannot express it refuses it by name.
package chat

import "encoding/json"

// A Request asks a model for the next message of a conversation. A nil pointer is a
// parameter that the client left to the provider.
type Request struct {
	System            []Part // instructions ahead of the conversation
	Messages          []Message
	Stream            bool
	StreamUsage       bool // whether the stream is to end with the usage
	MaxTokens         *int
	Temperature       *float64
	TopP              *float64
	TopK              *int
	Seed              *json.Number
	FrequencyPenalty  *float64
	PresencePenalty   *float64
	Stop              []string
	Tools             []Tool
	ToolChoice        *ToolChoice
	ParallelToolCalls *bool
	Format            *Format
	Reasoning         *Reasoning
	User              string
	// Extra holds the fields that have no word here, by their names in the client's
	// dialect.
	Extra map[string]json.RawMessage
}

// A Role says who a message is from.
type Role string

// The roles. Instructions are not a role but [Request.System]; results of tools are
// parts of a user's message.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// A Message is one turn of a conversation.
type Message struct {
	Role  Role
	Parts []Part
}

// A Part is a piece of a message: [Text], [Image], [ToolCall], [ToolResult] or
// [Thinking].
type Part interface{ part() }

// Text is plain text.
type Text struct{ Text string }

// An Image is a picture, either at a URL or as base64 data with its media type.
type Image struct {
	URL       string
	MediaType string
	Data      string
	Detail    string // OpenAI's low, high or auto; empty if not said
}

// A ToolCall is a model's wish to have a tool called. The signature, which few providers
// have, lets the provider recognise the reasoning that led to the call.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // a JSON object
	Signature string
}

// A ToolResult answers the call with the same ID.
type ToolResult struct {
	ID      string
	Parts   []Part
	IsError bool
}

// Thinking is a model's reasoning ahead of its answer. The signature lets the provider
// recognise it later.
type Thinking struct {
	Text      string
	Signature string
	Redacted  bool // the text is encrypted
}

func (Text) part()       {}
func (Image) part()      {}
func (ToolCall) part()   {}
func (ToolResult) part() {}
func (Thinking) part()   {}

// A Tool is a function that the model may ask to have called.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // a JSON schema; nil for none
	Strict      *bool
}

// A ToolChoice says whether the model must call a tool.
type ToolChoice struct {
	Mode string // auto, none, required, or tool for the one named
	Name string
}

// A Format asks for an answer in JSON.
type Format struct {
	Name        string
	Description string
	Schema      json.RawMessage // nil for any JSON object
	Strict      *bool
}

// Reasoning asks the model to think first.
type Reasoning struct {
	Effort string // such as low, medium or high; empty if a budget is given
	Budget int    // in tokens; 0 if an effort is given
}
