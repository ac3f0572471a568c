package gateway_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/testkit"
)

var update = flag.Bool("update", false, "write what clients get in testdata/recorded as it is now")

// A recording is an exchange of testdata/recorded, whose README says what is in it.
type recording struct {
	file     string
	archive  *txtar.Archive
	server   server
	own      string // the dialect of the provider, if clients speak it too
	ask      string // the dialect of what is asked
	response http.HandlerFunc
	body     string // of the response
	stream   bool
	rejected bool // the gateway's own credentials
}

// section returns the content of a section, or "".
func (r *recording) section(name string) string {
	for _, f := range r.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// golden compares got with a section, or writes it there. An empty one is left out.
func (r *recording) golden(t *testing.T, name, got string) {
	t.Helper()
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	want := r.section(name)
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s: got\n%s, want\n%s; if that is right, run go test -run Recorded -update", name, got, want)
		return
	}
	var kept []txtar.File
	for _, f := range r.archive.Files {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	if r.archive.Files = kept; got != "" {
		r.archive.Files = append(kept, txtar.File{Name: name, Data: []byte(got)})
	}
	if err := os.WriteFile(r.file, txtar.Format(r.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readRecording(t *testing.T, file string) *recording {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{file: file, archive: archive, ask: "chat"}
	name, _, _ := strings.Cut(filepath.Base(file), "-")
	switch name {
	case "openai", "mistral", "groq", "deepseek", "openrouter":
		name, r.own, r.ask = "openai", "chat", "messages"
	case "responses":
		r.own, r.ask = "responses", ""
	case "anthropic":
		r.own = "messages"
	}
	r.server = servers[name]
	head, body, _ := strings.Cut(r.section("response"), "\n\n")
	lines := strings.Split(head, "\n")
	status, err := strconv.Atoi(lines[0])
	if err != nil || len(r.section("request")) == 0 {
		t.Fatalf("%s is no recording: %v", file, err)
	}
	header := http.Header{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, value)
	}
	r.stream = strings.HasPrefix(header.Get("Content-Type"), r.server.streamType)
	pieces := strings.SplitAfter(body, "\n")
	if name == "bedrock" && r.stream {
		for i, line := range pieces[:len(pieces)-1] {
			kind, payload, _ := strings.Cut(strings.TrimSpace(line), " ")
			pieces[i] = awsEvent("event", kind, payload)
		}
	}
	r.body, r.rejected = body, status == http.StatusUnauthorized || status == http.StatusForbidden
	r.response = func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		for _, piece := range pieces {
			io.WriteString(w, piece)
			testkit.Flush(w)
		}
	}
	return r
}

// TestRecorded answers clients of every dialect with what providers really sent. In the provider's own
// dialect all passes through as it is. In another one the provider gets what its own clients send,
// and the client what it should.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			r := readRecording(t, file)
			u := testkit.NewUpstream(t, r.response)
			tokens := map[string][]string{} // and the dialects in which they are counted so
			for _, name := range []string{"chat", "messages", "responses"} {
				if r.own != "responses" && name == "responses" || r.own == "responses" && name != r.own {
					continue // which are not translated
				}
				u.Forget()
				body := trivial(name, r.stream)
				switch asked := r.section("asked"); {
				case name == r.own:
					body = setModel(t, r.section("request"), "pool")
				case name == r.ask && asked != "":
					body = asked
				}
				got, sum := r.exchange(t, u, name, body)
				tokens[sum] = append(tokens[sum], name)
				if len(u.Requests()) != 1 {
					t.Fatalf("%s: %d requests were sent for %s:\n%s", name, len(u.Requests()), body, got)
				}
				sent := u.Requests()[0].Body
				if name != r.own {
					r.golden(t, name, got)
					if body == r.section("asked") {
						r.golden(t, "sent", difference(t, sent, r.section("request")))
					}
					continue
				}
				if want := setModel(t, r.section("request"), "real"); sent != want {
					t.Errorf("sent\n%s, want\n%s", sent, want)
				}
				if _, passed, _ := strings.Cut(got, "\n"); r.rejected { // of which clients learn no more
					r.golden(t, name, got)
				} else if passed != r.body {
					t.Errorf("got\n%s, want\n%s", passed, r.body)
				}
			}
			if len(tokens) != 1 {
				t.Errorf("the tokens differ: %v", tokens)
			}
			for sum := range tokens {
				r.golden(t, "tokens", sum)
			}
		})
	}
}

// exchange sends body and returns the status with the answer, and the tokens in and out that were
// counted.
func (r *recording) exchange(t *testing.T, u *testkit.Upstream, name, body string) (answer, tokens string) {
	t.Helper()
	log := newTokenLog()
	began := time.Now().Unix()
	config := fmt.Sprintf("routers: {language: [{id: pool, models: [{id: m, "+r.server.settings+"}]}]}\n", u.URL)
	g, err := gateway.New(configure(t, config), slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(run(t, g)+"/v1/"+clients[name].path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil { // as a stream ends that is not complete
		data = append(data, err.Error()...)
	}
	data = newID.ReplaceAll(data, []byte("glide-0"))
	data = created.ReplaceAllFunc(data, func(field []byte) []byte {
		if at, err := strconv.ParseInt(string(field[len(`"created":`):]), 10, 64); err != nil || at < began {
			return field
		}
		return []byte(`"created":0`)
	})
	sum := <-log.tokens
	head := strconv.Itoa(res.StatusCode)
	if after := res.Header.Get("Retry-After"); after != "" {
		head += " after " + after + " s"
	}
	return head + "\n" + string(data), fmt.Sprintf("%d in, %d out", sum[0], sum[1])
}

// What Glide adds to answers that lack it.
var (
	newID   = regexp.MustCompile(`glide-[0-9a-f]{24}`)
	created = regexp.MustCompile(`"created":\d+`)
)

// trivial returns a request of the dialect named.
func trivial(name string, stream bool) string {
	return fmt.Sprintf(`{"model":"pool","stream":%t,`, stream) + clients[name].body
}

var modelField = regexp.MustCompile(`("model": ?)"[^"]*"`)

// setModel returns a request for another model.
func setModel(t *testing.T, request, model string) string {
	t.Helper()
	if n := len(modelField.FindAllString(request, -1)); n != 1 {
		t.Fatalf("the request names %d models: %s", n, request)
	}
	return modelField.ReplaceAllString(request, `$1"`+model+`"`)
}

// difference tells what was sent more (+) and less (-) than what the provider's own client sent, but
// for the model.
func difference(t *testing.T, sent, own string) string {
	t.Helper()
	got, want := leaves(t, sent), leaves(t, own)
	paths := maps.Clone(got)
	maps.Copy(paths, want)
	delete(paths, ".model")
	var out strings.Builder
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if got[path] == want[path] {
			continue
		}
		if value, ok := got[path]; ok {
			fmt.Fprintf(&out, "+%s %s\n", path, value)
		}
		if value, ok := want[path]; ok {
			fmt.Fprintf(&out, "-%s %s\n", path, value)
		}
	}
	return out.String()
}

// leaves returns what is at the ends of a JSON text, by the paths there.
func leaves(t *testing.T, text string) map[string]string {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, member := range v {
				walk(path+"."+name, member)
			}
			if len(v) > 0 {
				return
			}
		case []any:
			for i, element := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), element)
			}
			if len(v) > 0 {
				return
			}
		}
		leaf, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = string(leaf)
	}
	walk("", root)
	return out
}
