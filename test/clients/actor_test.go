package clients

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/testkit"
)

// An actor is a provider of OpenAI's API that does as the last message of a request says,
// so that clients of all kinds can be put through the same.
type actor struct {
	*testkit.Upstream
	cancelled chan struct{}
}

// toActor returns a configuration with the routers "pool" of u, and "simulated".
func toActor(u *actor) string {
	return strings.Replace(toUpstream(u.Upstream), "language:", "language:\n    - {id: simulated, models: [{id: m, simulated: {}}]}", 1)
}

const (
	toolCall   = `{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}`
	toolAnswer = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[` + toolCall + `]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
	refusal    = `{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`
)

// Events of the stream with the same call of a tool.
var toolStream = []string{
	testkit.Role,
	`data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}` + "\n\n",
	`data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":null}]}` + "\n\n",
	strings.Replace(testkit.Stop, `"stop"`, `"tool_calls"`, 1), testkit.Done,
}

// What the last message of a user is, whether plain or a part of several.
var said = regexp.MustCompile(`"(?:content|text|input)":\s*"(hello|tool|refuse|limit|break|wait)"`)

func newActor(t *testing.T) *actor {
	a := &actor{cancelled: make(chan struct{}, 16)}
	a.Upstream = testkit.NewUpstream(t, a.act)
	return a
}

func (a *actor) act(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	all := said.FindAllStringSubmatch(string(data), -1)
	if err != nil || len(all) == 0 {
		testkit.JSON(http.StatusBadRequest, fmt.Sprintf(`{"error":{"message":%q}}`, "no such play: "+string(data)))(w, r)
		return
	}
	stream := strings.Contains(string(data), `"stream":true`)
	responses := strings.HasSuffix(r.URL.Path, "/responses")
	answer := testkit.JSON(http.StatusOK, testkit.Completion("fine"))
	switch play := all[len(all)-1][1]; {
	case play == "refuse":
		answer = testkit.JSON(http.StatusBadRequest, refusal)
	case play == "limit":
		w.Header().Set("Retry-After", "0")
		answer = testkit.JSON(http.StatusTooManyRequests, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`)
	case play == "wait":
		answer = func(w http.ResponseWriter, r *http.Request) {
			if stream && responses {
				testkit.Stream(responseBegin, responseText)(w, r)
			} else if stream {
				testkit.Stream(testkit.Role, testkit.Chunk("x"))(w, r)
			}
			<-r.Context().Done()
			a.cancelled <- struct{}{}
		}
	case responses && stream && play == "break":
		answer = testkit.Cut(testkit.Stream(responseBegin, responseText))
	case responses && stream:
		answer = testkit.Stream(responseBegin, responseText, responseEnd)
	case responses:
		answer = testkit.JSON(http.StatusOK, responseBody)
	case play == "break":
		answer = testkit.Cut(testkit.Stream(testkit.Role, testkit.Chunk("fi")))
	case play == "tool" && stream:
		answer = testkit.Stream(toolStream...)
	case play == "tool":
		answer = testkit.JSON(http.StatusOK, toolAnswer)
	case stream:
		answer = testkit.Stream(testkit.Role, testkit.Chunk("fi"), testkit.Chunk("ne"), testkit.Stop, testkit.Done)
	}
	answer(w, r)
}

// waitCancelled waits until the provider has noticed that a client went away.
func (a *actor) waitCancelled(t *testing.T) {
	t.Helper()
	select {
	case <-a.cancelled:
	case <-time.After(testkit.Deadline):
		t.Error("the provider was not told that the client went away")
	}
}
