package gateway_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

// A client speaks one dialect to the gateway.
type client struct {
	path, body string
	broken     string // how a stream that broke off ends
}

var clients = map[string]client{
	"chat":      {"chat/completions", `"messages":[{"role":"user","content":"Hi"}],"max_tokens":9}`, `data: {"error":{"message":"`},
	"messages":  {"messages", `"messages":[{"role":"user","content":"Hi"}],"max_tokens":9}`, "event: error\ndata: {\"type\":\"error\""},
	"responses": {"responses", `"input":"Hi"}`, "event: error\ndata: {\"type\":\"error\""},
}

// A server is how one provider answers: the events of a stream before any content, with
// content, and an error.
type server struct {
	settings         string // with the address in place of %s
	streamType       string
	begin, text, bad string
}

const sseType = "text/event-stream"

var servers = map[string]server{
	"openai":    {`openai: {model: real, base_url: "%s/v1"}`, sseType, testkit.Role, testkit.Chunk("half"), "data: " + overloaded + "\n\n"},
	"responses": {`openai: {model: real, base_url: "%s/v1"}`, sseType, sseEvent("response.created", ""), sseEvent("response.output_text.delta", `,"delta":"half"`), sseEvent("response.failed", `,"response":{"error":{"message":"overloaded"}}`)},
	"anthropic": {`anthropic: {model: real, base_url: "%s/v1"}`, sseType,
		sseEvent("message_start", `,"message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{}}`) + sseEvent("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`) + sseEvent("ping", ""),
		sseEvent("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"half"}`), sseEvent("error", `,"error":{"type":"overloaded_error","message":"overloaded"}`)},
	"gemini": {`gemini: {model: real, base_url: "%s/v1"}`, sseType, "data: {\"responseId\":\"r\"}\n\n",
		`data: {"candidates":[{"content":{"parts":[{"text":"half"}]}}]}` + "\n\n", "data: {\"error\":{\"code\":500,\"message\":\"overloaded\",\"status\":\"INTERNAL\"}}\n\n"},
	"cohere": {`cohere: {model: real, base_url: "%s/v2"}`, sseType, sseEvent("message-start", `,"id":"c"`),
		sseEvent("content-delta", `,"delta":{"message":{"content":{"text":"half"}}}`), sseEvent("message-end", `,"delta":{"finish_reason":"ERROR","error":"overloaded"}`)},
	"ollama": {`ollama: {model: real, base_url: "%s"}`, "application/x-ndjson", `{"model":"real","message":{"role":"assistant","content":""},"done":false}` + "\n",
		`{"model":"real","message":{"role":"assistant","content":"half"},"done":false}` + "\n", `{"error":"overloaded"}` + "\n"},
	"bedrock": {`bedrock: {model: real, region: r, api_key: k, base_url: "%s"}`, "application/vnd.amazon.eventstream", awsEvent("event", "messageStart", "{}"),
		awsEvent("event", "contentBlockDelta", `{"delta":{"text":"half"}}`), awsEvent("exception", "throttlingException", `{"message":"overloaded"}`)},
}

func sseEvent(kind, fields string) string {
	return fmt.Sprintf("event: %s\ndata: {\"type\":%q%s}\n\n", kind, kind, fields)
}

// awsEvent returns a message of AWS' streams.
func awsEvent(messageType, kind, payload string) string {
	var headers []byte
	for name, value := range map[string]string{":message-type": messageType, ":" + messageType + "-type": kind} {
		headers = append(append(headers, byte(len(name))), name...)
		headers = append(binary.BigEndian.AppendUint16(append(headers, 7), uint16(len(value))), value...)
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(headers)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, headers...), payload...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// pairs lists who speaks to whom: the same dialect, or translated.
var pairs = [][2]string{
	{"messages", "anthropic"}, {"responses", "responses"}, {"chat", "anthropic"}, {"messages", "openai"},
	{"chat", "gemini"}, {"messages", "gemini"}, {"chat", "cohere"}, {"messages", "cohere"}, {"chat", "ollama"}, {"messages", "ollama"}, {"chat", "bedrock"}, {"messages", "bedrock"},
}

// stream sends text as a provider's stream.
func (s server) stream(text ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", s.streamType)
		for _, part := range text {
			io.WriteString(w, part)
			testkit.Flush(w)
		}
	}
}

// faults lists what goes wrong before any content. The text is of the error that a client
// gets if there is no other model.
func (s server) faults(stream bool) []fault {
	out := []fault{
		{"hangs up", hangUp, 502, "provider_unreachable"},
		{"500", testkit.JSON(500, overloaded), 500, ""},
		{"HTML with 200", html, 502, "provider_unreachable"},
		{"garbage", testkit.JSON(200, "\x00\x01{{{"), 502, "provider_unreachable"},
		{"empty", testkit.JSON(200, ""), 502, "provider_unreachable"},
		{"cut", short, 502, "provider_unreachable"},
		{"hangs", hang, 504, "provider_timeout"},
	}
	if stream {
		out = append(out,
			fault{"ends at once", s.stream(), 502, "provider_unreachable"},
			fault{"begins, then ends", s.stream(s.begin), 502, "provider_unreachable"},
			fault{"begins, then cut", testkit.Cut(s.stream(s.begin)), 502, "provider_unreachable"},
			fault{"half an event", s.stream(s.begin, s.text[:len(s.text)/2]), 502, "provider_unreachable"},
			fault{"begins, then stalls", stall(s.stream(s.begin)), 504, "provider_timeout"},
			fault{"error first", s.stream(s.bad), 502, "overloaded"},
			fault{"begins, then error", s.stream(s.begin, s.bad), 502, "overloaded"},
		)
	}
	return out
}

// dialectPool returns a configuration with a model of the provider at first, and one
// like OpenAI's behind it unless its address is empty. What stalls for a status has little
// time.
func dialectPool(strategy string, s server, first, second string, status int) string {
	rest, timeout := "", "20s"
	if status == http.StatusGatewayTimeout {
		timeout = "3s"
	}
	if second != "" {
		rest = fmt.Sprintf("{id: m1, openai: {model: real, base_url: '%s/v1'}}", second)
	}
	return fmt.Sprintf("routers: {language: [{id: pool, strategy: %s, models: [{id: m0, client: {timeout: %s, idle_timeout: %[2]s}, %s}, %s]}]}\n",
		strategy, timeout, fmt.Sprintf(s.settings, first), rest)
}

// fineIn answers well in each of OpenAI's operations.
func fineIn(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/responses") {
		fine(w, r)
		return
	}
	const body = `{"id":"r","status":"completed","error":null,"output":[{"type":"message","content":[{"type":"output_text","text":"fine"}]}]}`
	var request [1 << 10]byte
	n, _ := r.Body.Read(request[:])
	if strings.Contains(string(request[:n]), `"stream":true`) {
		testkit.Stream(sseEvent("response.output_text.delta", `,"delta":"fine"`), sseEvent("response.completed", `,"response":`+body))(w, r)
		return
	}
	testkit.JSON(http.StatusOK, body)(w, r)
}

// ask sends a request as the client does. A body that is cut short comes with an error.
func (c client) ask(t *testing.T, url string, stream bool) (*http.Response, string, error) {
	t.Helper()
	res, err := http.Post(url+"/v1/"+c.path, "application/json", strings.NewReader(fmt.Sprintf(`{"model":"pool","stream":%t,%s`, stream, c.body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res, string(data), err
}

// TestDialectFaults is the matrix of faults for each pair of a client and a provider, with
// another model behind the faulty one and without.
func TestDialectFaults(t *testing.T) {
	for _, pair := range pairs {
		c, s := clients[pair[0]], servers[pair[1]]
		for _, stream := range []bool{false, true} {
			for _, f := range s.faults(stream) {
				name := fmt.Sprintf("%s to %s/stream %t/%s", pair[0], pair[1], stream, f.name)
				for _, strategy := range strategies {
					t.Run(name+"/"+strategy, func(t *testing.T) {
						t.Parallel()
						bad, good := testkit.NewUpstream(t, f.answer), testkit.NewUpstream(t, fineIn)
						url := serve(t, dialectPool(strategy, s, bad.URL, good.URL, f.status))
						for range 2 { // of which one at least tries the faulty model first
							res, got, err := c.ask(t, url, stream)
							if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(got, `"fine"`) || res.Header.Get("X-Glide-Model") != "pool/m1" {
								t.Errorf("got %s, %s, %v", res.Status, got, err)
							}
						}
						if len(bad.Requests()) == 0 {
							t.Error("the faulty model was not asked")
						}
					})
				}
				t.Run(name+"/alone", func(t *testing.T) {
					t.Parallel()
					u := testkit.NewUpstream(t, f.answer)
					res, got, err := c.ask(t, serve(t, dialectPool("priority", s, u.URL, "", f.status)), stream)
					text := f.text
					if pair[0] == "messages" && text == "provider_unreachable" || pair[0] == "messages" && text == "provider_timeout" {
						text = `"type":"error"` // Anthropic's errors have no codes
					}
					if err != nil || res.StatusCode != f.status || !strings.Contains(got, text) || !strings.Contains(got, `"error"`) {
						t.Errorf("got %s, %s, %v, want %d with %s", res.Status, got, err, f.status, text)
					}
				})
			}
		}
	}
}

// TestDialectBreaks breaks streams off after some content. No other model is asked, and no
// client takes it for a whole answer.
func TestDialectBreaks(t *testing.T) {
	for _, pair := range pairs {
		c, s := clients[pair[0]], servers[pair[1]]
		for name, answer := range map[string]http.HandlerFunc{
			"ends": s.stream(s.begin, s.text), "cut": testkit.Cut(s.stream(s.begin, s.text)), "stalls": stall(s.stream(s.begin, s.text)),
			"half an event": s.stream(s.begin, s.text, s.text[:len(s.text)/2]), "error": s.stream(s.begin, s.text, s.bad),
		} {
			status := http.StatusBadGateway
			if name == "stalls" {
				status = http.StatusGatewayTimeout
			}
			t.Run(pair[0]+" to "+pair[1]+"/"+name, func(t *testing.T) {
				t.Parallel()
				bad, good := testkit.NewUpstream(t, answer), testkit.NewUpstream(t, fineIn)
				res, got, err := c.ask(t, serve(t, dialectPool("priority", s, bad.URL, good.URL, status)), true)
				// An error that a provider tells in the client's own dialect is passed on as it is.
				native := name == "error" && (pair[1] == "anthropic" && pair[0] == "messages" || pair[1] == "responses")
				if res.StatusCode != http.StatusOK || !strings.Contains(got, "half") || len(good.Requests()) != 0 || (err == nil) != native {
					t.Errorf("got %s, %q, %v", res.Status, got, err)
				}
				if end := c.broken; !native && !strings.Contains(got, end) || native && !strings.Contains(got, s.bad) {
					t.Errorf("got %q, want %q in the end", got, end)
				}
			})
		}
	}
}

// TestBedrockImage refuses a stream with an image, which no dialect of clients has in answers.
func TestBedrockImage(t *testing.T) {
	s := servers["bedrock"]
	image := awsEvent("event", "contentBlockStart", `{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}`)
	u := testkit.NewUpstream(t, s.stream(s.begin, image, awsEvent("event", "messageStop", `{"stopReason":"end_turn"}`)))
	res, got, err := clients["chat"].ask(t, serve(t, dialectPool("priority", s, u.URL, "", 0)), true)
	if err != nil || res.StatusCode != http.StatusBadGateway || !strings.Contains(got, "holds an image") {
		t.Errorf("got %s, %s, %v", res.Status, got, err)
	}
}
