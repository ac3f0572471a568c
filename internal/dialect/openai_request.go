package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// openAIRequest is the body of a chat completion request, as far as the vocabulary of
// package chat has words for it. What is about OpenAI's cache are hints that other providers
// do without.
type openAIRequest struct {
	Model               string            `json:"model"`
	Messages            []openAIMessage   `json:"messages"`
	Stream              bool              `json:"stream,omitempty"`
	StreamOptions       *streamOptions    `json:"stream_options,omitempty"`
	MaxTokens           *int              `json:"max_tokens,omitempty"`
	MaxCompletionTokens *int              `json:"max_completion_tokens,omitempty"`
	Temperature         *float64          `json:"temperature,omitempty"`
	TopP                *float64          `json:"top_p,omitempty"`
	Seed                *json.Number      `json:"seed,omitempty"`
	FrequencyPenalty    *float64          `json:"frequency_penalty,omitempty"`
	PresencePenalty     *float64          `json:"presence_penalty,omitempty"`
	Stop                oneOrMore         `json:"stop,omitempty"`
	Tools               []openAITool      `json:"tools,omitempty"`
	ToolChoice          *openAIToolChoice `json:"tool_choice,omitempty"`
	ParallelToolCalls   *bool             `json:"parallel_tool_calls,omitempty"`
	ResponseFormat      *openAIFormat     `json:"response_format,omitempty"`
	ReasoningEffort     string            `json:"reasoning_effort,omitempty"`
	User                string            `json:"user,omitempty"`
	N                   *int              `json:"n,omitempty"`

	PromptCacheKey       json.RawMessage `json:"prompt_cache_key,omitempty"`
	PromptCacheRetention json.RawMessage `json:"prompt_cache_retention,omitempty"`
	PromptCacheOptions   json.RawMessage `json:"prompt_cache_options,omitempty"`
}

// openAIDefaults are the values of fields that say no more than if they were left out, by
// OpenAI's reference of the API. Some clients send them with every request.
var openAIDefaults = map[string]string{
	"logprobs": `false`, "modalities": `["text"]`, "service_tier": `"auto"`, "store": `false`, "verbosity": `"medium"`,
}

func isOpenAIDefault(name string, value json.RawMessage) bool {
	var b bytes.Buffer
	return json.Compact(&b, value) == nil && b.String() == openAIDefaults[name]
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type openAIMessage struct {
	Role             string           `json:"role"`
	Content          openAIContent    `json:"content,omitempty"`
	Name             string           `json:"name,omitempty"`
	Refusal          string           `json:"refusal,omitempty"`
	ReasoningContent string           `json:"reasoning_content,omitempty"`
	ToolCalls        []openAIToolCall `json:"tool_calls,omitempty"`
	ToolCallID       string           `json:"tool_call_id,omitempty"`
}

// openAIContent is a string or a list of parts.
type openAIContent []openAIPart

type openAIPart struct {
	Type       string          `json:"type"`
	Text       string          `json:"text,omitempty"`
	Refusal    string          `json:"refusal,omitempty"`
	ImageURL   *openAIImageURL `json:"image_url,omitempty"`
	Breakpoint json.RawMessage `json:"prompt_cache_breakpoint,omitempty"`
}

type openAIImageURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

func (c *openAIContent) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]openAIPart)(c))
	}
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if *c = nil; text != nil {
		*c = openAIContent{{Type: "text", Text: *text}}
	}
	return nil
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*o = make([]string, 1)
		return json.Unmarshal(data, &(*o)[0])
	}
	return json.Unmarshal(data, (*[]string)(o))
}

type openAITool struct {
	Type     string         `json:"type"`
	Function openAIFunction `json:"function"`
}

type openAIFunction struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

type openAIToolCall struct {
	Index    *int               `json:"index,omitempty"`
	ID       string             `json:"id,omitempty"`
	Type     string             `json:"type,omitempty"`
	Function openAIFunctionCall `json:"function"`
	Extra    *openAICallExtra   `json:"extra_content,omitempty"`
}

// openAICallExtra is where Google's servers that are like OpenAI's put a call's signature.
type openAICallExtra struct {
	Google struct {
		ThoughtSignature string `json:"thought_signature,omitempty"`
	} `json:"google"`
}

func (c *openAIToolCall) signature() string {
	if c.Extra == nil {
		return ""
	}
	return c.Extra.Google.ThoughtSignature
}

func newOpenAICallExtra(signature string) *openAICallExtra {
	if signature == "" {
		return nil
	}
	extra := new(openAICallExtra)
	extra.Google.ThoughtSignature = signature
	return extra
}

type openAIFunctionCall struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// openAIToolChoice is a mode, or an object that names a function.
type openAIToolChoice struct{ mode, name string }

func (c *openAIToolChoice) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &c.mode)
	}
	var named openAITool
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	if named.Type != "function" {
		return chat.Untranslatable("tool_choice.type", "the choice of a tool by the type %q cannot be translated; use function", named.Type)
	}
	c.mode, c.name = "tool", named.Function.Name
	return nil
}

type openAIFormat struct {
	Type       string        `json:"type"`
	JSONSchema *openAISchema `json:"json_schema,omitempty"`
}

type openAISchema struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

func (openAIChat) DecodeRequest(body []byte) (*chat.Request, error) {
	var in openAIRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, unreadable(err)
	}
	extra, err := unknownFields(body, in)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(extra, isOpenAIDefault)
	out := &chat.Request{
		Stream: in.Stream, StreamUsage: in.StreamOptions != nil && in.StreamOptions.IncludeUsage,
		MaxTokens: in.MaxTokens, Temperature: in.Temperature, TopP: in.TopP, Seed: in.Seed,
		FrequencyPenalty: in.FrequencyPenalty, PresencePenalty: in.PresencePenalty, Stop: in.Stop,
		ParallelToolCalls: in.ParallelToolCalls, User: in.User, Extra: extra,
	}
	if in.MaxCompletionTokens != nil {
		out.MaxTokens = in.MaxCompletionTokens
	}
	if in.N != nil && *in.N != 1 {
		out.Extra["n"] = fmt.Appendf(nil, "%d", *in.N)
	}
	if in.ReasoningEffort != "" {
		out.Reasoning = &chat.Reasoning{Effort: in.ReasoningEffort}
	}
	if in.ToolChoice != nil {
		out.ToolChoice = &chat.ToolChoice{Mode: in.ToolChoice.mode, Name: in.ToolChoice.name}
	}
	if err := decodeOpenAIFormat(out, in.ResponseFormat); err != nil {
		return nil, err
	}
	for i, tool := range in.Tools {
		if tool.Type != "function" && tool.Type != "" { // which Mistral's client leaves out
			return nil, chat.Untranslatable(fmt.Sprintf("tools[%d].type", i), "the tool type %q cannot be translated; use function", tool.Type)
		}
		out.Tools = append(out.Tools, chat.Tool(tool.Function))
	}
	if len(in.Messages) == 0 {
		return nil, chat.Invalid("messages", "messages is missing or empty; send at least one message")
	}
	for i, m := range in.Messages {
		if err := decodeOpenAIMessage(out, m, fmt.Sprintf("messages[%d]", i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decodeOpenAIFormat(out *chat.Request, f *openAIFormat) error {
	if f == nil {
		return nil
	}
	switch f.Type {
	case "text":
	case "json_object":
		out.Format = &chat.Format{}
	case "json_schema":
		if f.JSONSchema == nil || f.JSONSchema.Schema == nil {
			return chat.Invalid("response_format.json_schema", "the schema is missing; send json_schema with a schema")
		}
		out.Format = &chat.Format{Name: f.JSONSchema.Name, Description: f.JSONSchema.Description, Schema: f.JSONSchema.Schema, Strict: f.JSONSchema.Strict}
	default:
		return chat.Invalid("response_format.type", "%q is not a response format; use text, json_object or json_schema", f.Type)
	}
	return nil
}

func decodeOpenAIMessage(out *chat.Request, m openAIMessage, at string) error {
	if m.Name != "" {
		out.Extra["messages.name"] = json.RawMessage("true")
	}
	parts, err := decodeOpenAIParts(m.Content, at)
	if err != nil {
		return err
	}
	role := chat.User
	switch m.Role {
	case "system", "developer":
		if len(out.Messages) > 0 {
			return chat.Untranslatable(at+".role", "instructions in the middle of a conversation cannot be translated; put them first")
		}
		out.System = append(out.System, parts...)
		return nil
	case "user":
	case "tool":
		if m.ToolCallID == "" {
			return chat.Invalid(at+".tool_call_id", "a message of the role tool lacks its tool_call_id")
		}
		parts = []chat.Part{chat.ToolResult{ID: m.ToolCallID, Parts: parts}}
	case "assistant":
		role = chat.Assistant
		if m.ReasoningContent != "" {
			parts = slices.Insert(parts, 0, chat.Part(chat.Thinking{Text: m.ReasoningContent}))
		}
		if m.Refusal != "" {
			parts = append(parts, chat.Text{Text: m.Refusal})
		}
		for _, call := range m.ToolCalls {
			parts = append(parts, chat.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments, Signature: call.signature()})
		}
	default:
		return chat.Invalid(at+".role", "%q is not a role; use system, developer, user, assistant or tool", m.Role)
	}
	// Results of several tools are one turn, as other dialects see it.
	if n := len(out.Messages); n > 0 && m.Role == "tool" && out.Messages[n-1].Role == role {
		out.Messages[n-1].Parts = append(out.Messages[n-1].Parts, parts...)
		return nil
	}
	out.Messages = append(out.Messages, chat.Message{Role: role, Parts: parts})
	return nil
}

func decodeOpenAIParts(content openAIContent, at string) ([]chat.Part, error) {
	parts := make([]chat.Part, 0, len(content))
	for i, p := range content {
		switch p.Type {
		case "text":
			parts = append(parts, chat.Text{Text: p.Text})
		case "refusal":
			parts = append(parts, chat.Text{Text: p.Refusal})
		case "image_url":
			if p.ImageURL == nil {
				return nil, chat.Invalid(fmt.Sprintf("%s.content[%d].image_url", at, i), "an image lacks its image_url")
			}
			parts = append(parts, decodeDataURL(*p.ImageURL))
		default:
			return nil, chat.Untranslatable(fmt.Sprintf("%s.content[%d].type", at, i), "content of the type %q cannot be translated; use text or image_url", p.Type)
		}
	}
	return parts, nil
}

// decodeDataURL returns the image, with its data if they are part of the URL.
func decodeDataURL(in openAIImageURL) chat.Image {
	rest, isData := strings.CutPrefix(in.URL, "data:")
	mediaType, data, isBase64 := strings.Cut(rest, ";base64,")
	if !isData || !isBase64 {
		return chat.Image{URL: in.URL, Detail: in.Detail}
	}
	return chat.Image{MediaType: mediaType, Data: data, Detail: in.Detail}
}
