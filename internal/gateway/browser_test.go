package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

const aKey = `api: {keys: [{id: a, hash: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}` + "\n"

// statusOf returns the status of the answer to a request that names a host.
func statusOf(t *testing.T, url, request, host string) (status, answer string) {
	t.Helper()
	answer = send(t, url, request+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	return strings.TrimPrefix(answer, "HTTP/1.1 ")[:3], answer
}

// TestHosts refuses what a browser sends to a page's own name, which now leads here.
func TestHosts(t *testing.T) {
	url := serve(t, pool("priority", "http://127.0.0.1:1"))
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	for host, want := range map[string]string{
		"localhost": "200", "LocalHost:" + port: "200", "localhost.:1": "200", "glide.localhost": "200", "127.0.0.1:" + port: "200", "[::1]:" + port: "200",
		"192.0.2.1": "200", "[fe80::1]": "200", "host.docker.internal:" + port: "200", "glide": "200",
		"evil.example": "403", "evil.example:" + port: "403", "127.0.0.1.evil.example": "403", "localhost.evil.example": "403", "evil.xlocalhost": "403",
		"1.2.3.4.5": "403", "[evil.example]": "403",
	} {
		if status, answer := statusOf(t, url, "GET /v1/language", host); status != want {
			t.Errorf("%s: got %s", host, answer)
		}
	}
	for _, request := range []string{
		"GET /", "HEAD /", "GET /v1/models", "GET /metrics", "GET /v1/health", "GET /none", "POST /v1/chat/completions", "OPTIONS /v1/messages", "GET http://evil.example/v1/models",
		"GET /v1/language/pool/chatStream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX:",
	} {
		if status, answer := statusOf(t, url, request, "evil.example"); status != "403" {
			t.Errorf("%s: got %s", request, answer)
		}
	}
	_, answer := statusOf(t, url, "GET /", "evil.example")
	if !strings.Contains(answer, `not to \"evil.example\"; use localhost, add the origin that has this name to api.http.cors_origins, or give clients keys"`) || !strings.Contains(answer, `"host_not_allowed"`) {
		t.Errorf("got %s", answer)
	}
}

// TestHostsElsewhere takes any host where a page has nothing to gain by it.
func TestHostsElsewhere(t *testing.T) {
	for name, config := range map[string]string{
		"keys": aKey, "origin": "api: {http: {cors_origins: [https://other.example, 'https://llm.example:8443']}}\n", "all origins": "api: {http: {cors_origins: ['*']}}\n",
	} {
		url := serve(t, config+pool("priority", "http://127.0.0.1:1"))
		if status, answer := statusOf(t, url, "GET /", "LLM.example:80"); status != "200" {
			t.Errorf("%s: got %s", name, answer)
		}
	}
	ln, err := net.Listen("tcp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- newGateway(t, pool("priority", "http://127.0.0.1:1")).Serve(ctx, ln) }()
	url := fmt.Sprintf("http://127.0.0.1:%d", ln.Addr().(*net.TCPAddr).Port)
	if status, answer := statusOf(t, url, "GET /", "llm.example"); status != "200" {
		t.Errorf("on every address: got %s", answer)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	cert, key := newCertificate(t, "server")
	url = strings.Replace(serve(t, withTLS(cert, key, nil)), "http:", "https:", 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "llm.example"
	res, err := secure(t, cert, 0).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("encrypted: got %s", res.Status)
	}
}

// TestForeignPages refuses what browsers send for a page of another origin without asking
// before: a form, and what looks like one.
func TestForeignPages(t *testing.T) {
	const page = "https://evil.example"
	u := testkit.NewUpstream(t, testkit.JSON(http.StatusOK, testkit.Completion("paid for")))
	url := serve(t, "api: {http: {cors_origins: [https://app.example]}}\n"+pool("priority", u.URL))
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"no-cors", []string{"Origin", page, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"older browser", []string{"Origin", page}, 403},
		{"sandbox", []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, 403},
		{"another port", []string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site"}, 403},
		{"own page", []string{"Origin", url, "Sec-Fetch-Site", "same-origin"}, 200},
		{"own page, older browser", []string{"Origin", url}, 200},
		{"own page behind a proxy", []string{"Origin", "https://llm.example", "Sec-Fetch-Site", "same-origin"}, 200},
		{"configured", []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}, 200},
		{"no browser", []string{"Sec-Fetch-Mode", "cors"}, 200}, // as Node sends
	} {
		u.Forget()
		res, body := testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", plain, append(tt.headers, "Content-Type", "")...)
		if res.StatusCode != tt.status || (u.Count() == 0) != (tt.status == 403) {
			t.Errorf("%s: got %s: %s; the provider was asked %d times", tt.name, res.Status, body, u.Count())
		}
		if tt.status == 403 && (!strings.Contains(body, `"origin_not_allowed"`) || !strings.Contains(body, tt.headers[1]+`\" may not call`)) {
			t.Errorf("%s: got %s", tt.name, body)
		}
	}
}
