package dialect

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/einstack/glide/internal/chat"
)

// Gemini is Google's Gemini API, which only providers speak.
var Gemini Upstream = gemini{}

type gemini struct{ ofEvents }

const geminiAPI = "Gemini's API"

// geminiRequest is the body of generateContent and streamGenerateContent. The model is
// named in the path.
type geminiRequest struct {
	Contents          []geminiContent `json:"contents"`
	SystemInstruction *geminiContent  `json:"systemInstruction,omitempty"`
	Tools             []geminiTools   `json:"tools,omitempty"`
	ToolConfig        *geminiToolMode `json:"toolConfig,omitempty"`
	GenerationConfig  *geminiConfig   `json:"generationConfig,omitempty"`
}

type geminiContent struct {
	Role  string       `json:"role,omitempty"`
	Parts []geminiPart `json:"parts"`
}

// geminiPart is a piece of a content. One of its fields says what it is, the thought and
// its signature come with any.
type geminiPart struct {
	Text             *string               `json:"text,omitempty"`
	Thought          bool                  `json:"thought,omitempty"`
	ThoughtSignature string                `json:"thoughtSignature,omitempty"`
	InlineData       *geminiBlob           `json:"inlineData,omitempty"`
	FileData         *geminiFile           `json:"fileData,omitempty"`
	FunctionCall     *geminiCall           `json:"functionCall,omitempty"`
	FunctionResponse *geminiFunctionResult `json:"functionResponse,omitempty"`
	// Of tools that ran at Google, in answers.
	ExecutableCode      json.RawMessage `json:"executableCode,omitempty"`
	CodeExecutionResult json.RawMessage `json:"codeExecutionResult,omitempty"`
	ToolCall            json.RawMessage `json:"toolCall,omitempty"`
	ToolResponse        json.RawMessage `json:"toolResponse,omitempty"`
}

// ranThere reports whether a part tells of a tool that ran at Google. It asks nothing of the
// client; what came of it is in the text.
func (p *geminiPart) ranThere() bool {
	return p.ExecutableCode != nil || p.CodeExecutionResult != nil || p.ToolCall != nil || p.ToolResponse != nil
}

type geminiBlob struct {
	MimeType string `json:"mimeType"`
	Data     string `json:"data"`
}

type geminiFile struct {
	MimeType string `json:"mimeType"`
	FileURI  string `json:"fileUri"`
}

type geminiCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type geminiFunctionResult struct {
	ID       string            `json:"id,omitempty"`
	Name     string            `json:"name"`
	Response map[string]string `json:"response"`
}

type geminiTools struct {
	FunctionDeclarations []geminiFunction `json:"functionDeclarations"`
}

type geminiFunction struct {
	Name                 string          `json:"name"`
	Description          string          `json:"description,omitempty"`
	ParametersJSONSchema json.RawMessage `json:"parametersJsonSchema,omitempty"`
}

type geminiToolMode struct {
	FunctionCallingConfig struct {
		Mode                 string   `json:"mode"`
		AllowedFunctionNames []string `json:"allowedFunctionNames,omitempty"`
	} `json:"functionCallingConfig"`
}

type geminiConfig struct {
	Temperature        *float64        `json:"temperature,omitempty"`
	TopP               *float64        `json:"topP,omitempty"`
	TopK               *int            `json:"topK,omitempty"`
	MaxOutputTokens    *int            `json:"maxOutputTokens,omitempty"`
	StopSequences      []string        `json:"stopSequences,omitempty"`
	Seed               *json.Number    `json:"seed,omitempty"`
	PresencePenalty    *float64        `json:"presencePenalty,omitempty"`
	FrequencyPenalty   *float64        `json:"frequencyPenalty,omitempty"`
	ResponseMimeType   string          `json:"responseMimeType,omitempty"`
	ResponseJSONSchema json.RawMessage `json:"responseJsonSchema,omitempty"`
	ThinkingConfig     *geminiThinking `json:"thinkingConfig,omitempty"`
}

type geminiThinking struct {
	IncludeThoughts bool   `json:"includeThoughts,omitempty"`
	ThinkingBudget  *int   `json:"thinkingBudget,omitempty"`
	ThinkingLevel   string `json:"thinkingLevel,omitempty"`
}

func (gemini) EncodeRequest(req *chat.Request, model string) ([]byte, error) {
	switch {
	case req.User != "":
		return nil, chat.Unsupported(geminiAPI, "user")
	case req.ParallelToolCalls != nil && !*req.ParallelToolCalls:
		return nil, chat.Unsupported(geminiAPI, "parallel_tool_calls: false")
	}
	if err := refuseExtra(geminiAPI, req.Extra); err != nil {
		return nil, err
	}
	var out geminiRequest
	var err error
	if out.GenerationConfig, err = encodeGeminiConfig(req, model); err != nil {
		return nil, err
	}
	encodeGeminiTools(&out, req)
	e := geminiEncoder{calls: map[string]string{}, signed: needsSignatures(model)}
	if len(req.System) > 0 {
		parts, err := e.parts(req.System, "system")
		if err != nil {
			return nil, err
		}
		out.SystemInstruction = &geminiContent{Role: "user", Parts: parts}
	}
	for i, m := range req.Messages {
		parts, err := e.parts(m.Parts, fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return nil, err
		}
		role := "user"
		if m.Role == chat.Assistant {
			role = "model"
		}
		if len(parts) > 0 {
			out.Contents = append(out.Contents, geminiContent{Role: role, Parts: parts})
		}
	}
	return encode(out), nil
}

func encodeGeminiConfig(req *chat.Request, model string) (*geminiConfig, error) {
	out := &geminiConfig{
		Temperature: req.Temperature, TopP: req.TopP, TopK: req.TopK, MaxOutputTokens: req.MaxTokens, StopSequences: req.Stop,
		Seed: req.Seed, PresencePenalty: req.PresencePenalty, FrequencyPenalty: req.FrequencyPenalty,
	}
	if f := req.Format; f != nil {
		if f.Description != "" {
			return nil, chat.Unsupported(geminiAPI, "response_format.json_schema.description")
		}
		out.ResponseMimeType, out.ResponseJSONSchema = "application/json", f.Schema
	}
	if r := req.Reasoning; r != nil {
		var err error
		if out.ThinkingConfig, err = encodeGeminiThinking(r, model); err != nil {
			return nil, err
		}
	}
	if len(encode(out)) == len("{}") {
		return nil, nil
	}
	return out, nil
}

// older reports whether model is of a generation of Gemini that counts its thinking in
// tokens and knows neither levels of it nor the duty to give signatures back.
func older(model string) bool {
	return strings.HasPrefix(model, "gemini-1") || strings.HasPrefix(model, "gemini-2")
}

func encodeGeminiThinking(r *chat.Reasoning, model string) (*geminiThinking, error) {
	if r.Effort == "" {
		return &geminiThinking{IncludeThoughts: true, ThinkingBudget: &r.Budget}, nil
	}
	// The budgets are those of Google's own translation of OpenAI's words.
	budget, known := map[string]int{"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}[r.Effort]
	switch {
	case !known:
		return nil, chat.Unsupported(geminiAPI, "reasoning_effort: "+r.Effort)
	case r.Effort == "none" || older(model):
		return &geminiThinking{ThinkingBudget: &budget}, nil
	}
	return &geminiThinking{ThinkingLevel: r.Effort}, nil
}

func encodeGeminiTools(out *geminiRequest, req *chat.Request) {
	if len(req.Tools) == 0 {
		return
	}
	tools, strict := geminiTools{}, false
	for _, tool := range req.Tools {
		tools.FunctionDeclarations = append(tools.FunctionDeclarations, geminiFunction{tool.Name, tool.Description, tool.Parameters})
		strict = strict || tool.Strict != nil && *tool.Strict
	}
	out.Tools = []geminiTools{tools}
	mode := new(geminiToolMode)
	config := &mode.FunctionCallingConfig
	choice := chat.ToolChoice{Mode: "auto"}
	if req.ToolChoice != nil {
		choice = *req.ToolChoice
	}
	switch {
	case choice.Mode == "tool":
		config.Mode, config.AllowedFunctionNames = "ANY", []string{choice.Name}
	case choice.Mode == "required":
		config.Mode = "ANY"
	case choice.Mode == "none":
		config.Mode = "NONE"
	case strict:
		config.Mode = "VALIDATED" // as AUTO, with arguments that follow their schemas
	case req.ToolChoice == nil:
		return
	default:
		config.Mode = "AUTO"
	}
	out.ToolConfig = mode
}

// unsigned takes the place of the signature of a call that has none, such as one by a
// model of another provider. Newer models of Gemini refuse it otherwise.
const unsigned = "skip_thought_signature_validator"

func needsSignatures(model string) bool { return strings.HasPrefix(model, "gemini-") && !older(model) }

// A geminiEncoder translates the parts of one conversation.
type geminiEncoder struct {
	calls     map[string]string // the names of the functions called, by the calls' ids
	signed    bool              // whether calls need a signature
	signature string            // for the next call
}

func (e *geminiEncoder) parts(parts []chat.Part, at string) ([]geminiPart, error) {
	var out []geminiPart
	first := true // of the calls, which is the one that needs a signature
	for _, part := range parts {
		switch p := part.(type) {
		case chat.Text:
			if p.Text != "" {
				out = append(out, geminiPart{Text: &p.Text})
			}
		case chat.Image:
			image, err := encodeGeminiImage(p, at)
			if err != nil {
				return nil, err
			}
			out = append(out, image)
		case chat.Thinking:
			// Thoughts need not be given back, only what signs a call.
			if e.signature = p.Signature; p.Redacted {
				return nil, chat.Unsupported(geminiAPI, at+": redacted_thinking")
			}
		case chat.ToolCall:
			args, err := objectInput(p, at)
			if err != nil {
				return nil, err
			}
			if p.Signature == "" {
				p.Signature = e.signature
			}
			if p.Signature == "" && e.signed && first {
				p.Signature = unsigned
			}
			first, e.signature = false, ""
			e.calls[p.ID] = p.Name
			out = append(out, geminiPart{FunctionCall: &geminiCall{p.ID, p.Name, args}, ThoughtSignature: p.Signature})
		case chat.ToolResult:
			result, err := e.result(p, at)
			if err != nil {
				return nil, err
			}
			out = append(out, geminiPart{FunctionResponse: result})
		}
	}
	return out, nil
}

func (e *geminiEncoder) result(p chat.ToolResult, at string) (*geminiFunctionResult, error) {
	name, ok := e.calls[p.ID]
	if !ok {
		return nil, chat.Invalid(at+".tool_call_id", "no call before has the id %q", p.ID)
	}
	var text strings.Builder
	for _, part := range p.Parts {
		t, ok := part.(chat.Text)
		if !ok {
			return nil, chat.Unsupported(geminiAPI, at+": an image in a tool_result")
		}
		text.WriteString(t.Text)
	}
	key := "output"
	if p.IsError {
		key = "error"
	}
	return &geminiFunctionResult{ID: p.ID, Name: name, Response: map[string]string{key: text.String()}}, nil
}

// geminiImages are the types of images at URLs, which have to be said.
var geminiImages = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".heic": "image/heic", ".heif": "image/heif",
}

func encodeGeminiImage(p chat.Image, at string) (geminiPart, error) {
	if p.Detail != "" && p.Detail != "auto" {
		return geminiPart{}, chat.Unsupported(geminiAPI, at+".image_url.detail")
	}
	if p.URL == "" {
		return geminiPart{InlineData: &geminiBlob{p.MediaType, p.Data}}, nil
	}
	file, _, _ := strings.Cut(p.URL, "?")
	mime := geminiImages[strings.ToLower(path.Ext(file))]
	if mime == "" {
		return geminiPart{}, chat.Untranslatable(at+".image_url.url", "%s must know the type of an image; use a URL that ends with it, such as .png, or send the image itself", geminiAPI)
	}
	return geminiPart{FileData: &geminiFile{mime, p.URL}}, nil
}
