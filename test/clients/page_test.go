//go:build e2e

package clients

import (
	"context"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/einstack/glide/internal/testkit"
)

var screenshot = flag.String("screenshot", "", "`file` to write a picture of the status page to, as PNG")

// served has models that are well, and two that are not.
const served = `
telemetry: {logging: {encoding: console}}
routers:
  language:
    - id: default
      models:
        - {id: frontier, simulated: {error_rate: 1, error_status: 401}}
        - {id: spare, simulated: {latency: 30ms, tokens_per_second: 1000}}
    - id: cheap
      strategy: weighted_round_robin
      models:
        - {id: small, weight: 3, simulated: {latency: 5ms}}
        - {id: large, simulated: {latency: 20ms}}
        - {id: fragile, error_budget: 1/h, simulated: {error_rate: 1, error_status: 503}}
`

// A tab is one of a browser. It fails the test if its page loads something from elsewhere, or
// if a script fails or is not allowed to do something.
type tab struct {
	t        *testing.T
	ctx      context.Context
	requests atomic.Int64
}

func newTab(t *testing.T, g *testkit.Glide) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(t.Context(),
		chromedp.WithAllocatorOptions(chromedp.NoSandbox), // root, and many containers, can have none
		chromedp.WithListener(func(event any) { b.watch(event, g.URL+"/") }))
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as this one's context
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1000, 800))
	b.prefer("light")
	b.do(chromedp.Navigate(g.URL + "/"))
	return b
}

// watch looks at what happens in a page at home.
func (b *tab) watch(event any, home string) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests.Add(1)
		if !strings.HasPrefix(e.Request.URL, home) && !strings.HasPrefix(e.Request.URL, "data:") {
			b.t.Errorf("the page asks for %s", e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		b.t.Errorf("a script fails: %v", e.ExceptionDetails)
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork { // which are refusals by the gateway
			b.t.Errorf("the browser says: %s", e.Entry.Text)
		}
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 3*testkit.Deadline)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// prefer makes the browser ask pages for a colour scheme.
func (b *tab) prefer(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what an expression is in the page.
func (b *tab) eval(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 3*testkit.Deadline)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// await waits until the page shows all the texts, and no row of others.
func (b *tab) await(texts ...string) {
	b.t.Helper()
	var shown string
	waitFor(b.t, strings.Join(texts, ", "), func() bool {
		shown = b.eval("document.body.innerText")
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				return false
			}
		}
		return true
	})
}

// row returns the cells of a model's row.
func (b *tab) row(model string) string {
	b.t.Helper()
	return b.eval(`[...document.querySelectorAll("tbody tr")].find(r => r.querySelector(".id").innerText === "` + model + `")?.innerText.replace(/\s+/g, " ") ?? ""`)
}

// awaitRow waits until a model's row has all the texts.
func (b *tab) awaitRow(model string, texts ...string) {
	b.t.Helper()
	waitFor(b.t, model+" with "+strings.Join(texts, ", "), func() bool {
		row := b.row(model)
		for _, text := range texts {
			if !strings.Contains(row, text) {
				return false
			}
		}
		return true
	})
}

// TestPage looks at the status page in a browser while chats go on.
func TestPage(t *testing.T) {
	g := testkit.Start(t, served)
	chat := func(router, more string) {
		t.Helper()
		res, body := testkit.Do(t, http.MethodPost, g.URL+"/v1/chat/completions", `{"model":"`+router+`",`+more+`"messages":[{"role":"user","content":"Hello, Glide!"}]}`)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("got %s: %s", res.Status, body)
		}
	}
	b := newTab(t, g)
	b.await("All models ready", "default", "cheap", "weighted round robin", "Try it")
	b.awaitRow("spare", "ready", "– – 0 0 % 0 %")

	for range 3 {
		chat("default", "")
		chat("default", `"stream":true,`)
	}
	for range 8 {
		chat("cheap", "")
	}
	testkit.Do(t, http.MethodPost, g.URL+"/v1/chat/completions", `{"model":"cheap/fragile","messages":[{"role":"user","content":"x"}]}`)
	b.await("2 of 5 models not ready", "7 requests")
	b.awaitRow("frontier", "rejected", "its provider refuses the credentials", "– – 1 14.3 % 100 %")
	b.awaitRow("spare", "ready", " ms ", "6 85.7 % 0 %")
	b.awaitRow("small", "ready", "66.7 %")
	b.awaitRow("fragile", "resting", "after failures, asked again in", " min ", "100 %")
	if bar := b.eval(`getComputedStyle([...document.querySelectorAll(".bar")][1]).getPropertyValue("--share")`); !strings.HasPrefix(bar, "85.7") {
		t.Errorf("the bar of 85.7 %% has %s", bar)
	}
	if *screenshot != "" {
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*screenshot, png, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	const colours = `(s => s.backgroundColor + " " + s.color)(getComputedStyle(document.body))`
	b.prefer("light")
	day := b.eval(colours)
	b.prefer("dark")
	if night := b.eval(colours); night == day {
		t.Errorf("by night the page is as by day: %s", night)
	}

	// What it says is to be typed, can be. The last one goes on until it is interrupted.
	commands := strings.Split(b.eval(`[...document.querySelectorAll("#commands code")].map(c => c.textContent).join("\0")`), "\x00")
	if len(commands) != 3 || !strings.HasSuffix(commands[2], " --watch") {
		t.Fatalf("got the commands %q", commands)
	}
	for command, want := range map[string]string{commands[0]: "Hello!", commands[1]: "Hello!", strings.TrimSuffix(commands[2], " --watch"): "frontier"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(testkit.Binary(t))+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s\nprinted %s, %v", command, out, err)
		}
	}

	g.Stop(t)
	b.await("The gateway does not answer")
	if n := b.requests.Load(); n < 3 {
		t.Errorf("the page made %d requests in all", n)
	}
}

// TestPageWithKeys shows nothing to those without a key, and what a key may use to others.
func TestPageWithKeys(t *testing.T) {
	g := testkit.Start(t, `api: {keys: [{id: a, routers: [cheap], hash: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}`+served)
	b := newTab(t, g)
	enter := func(key string) { b.do(chromedp.SendKeys(chromedp.CSS("#key"), key+"\r")) }
	b.await("This gateway asks for a key", "A client's key of this gateway")
	if html := b.eval(`document.querySelector("main").innerHTML`); strings.Contains(html, "cheap") || strings.Contains(html, "frontier") {
		t.Errorf("without a key the page tells of routers:\n%s", html)
	}
	enter("nonsense")
	b.await("the key is not known here")
	enter("hello")
	b.await("All models ready", "cheap", "export GLIDE_API_KEY")
	b.do(chromedp.Reload())
	b.await("All models ready", "cheap")
	if html := b.eval(`document.querySelector("main").innerHTML`); strings.Contains(html, "frontier") || strings.Contains(html, "hello") {
		t.Errorf("the page tells of routers of others, or the key:\n%s", html)
	}
	b.do(chromedp.Click(chromedp.CSS("#forget")))
	b.await("This gateway asks for a key")
	if html := b.eval(`document.querySelector("main").innerHTML + JSON.stringify(sessionStorage)`); strings.Contains(html, "cheap") || strings.Contains(html, "hello") {
		t.Errorf("the page has not forgotten:\n%s", html)
	}
}
