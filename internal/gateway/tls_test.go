package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/testkit"
)

// newCertificate returns a certificate for 127.0.0.1 that signs itself, in PEM.
func newCertificate(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// withTLS returns a configuration whose certificates are written into it.
func withTLS(cert, key, clientCA []byte) string {
	block := func(name string, text []byte) string {
		if text == nil {
			return ""
		}
		return "      " + name + ": |\n        " + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n        ") + "\n"
	}
	return "api:\n  http:\n    tls:\n" + block("cert", cert) + block("key", key) + block("client_ca", clientCA) + pool("priority", "http://127.0.0.1:1")
}

// secure returns a client that trusts the certificate and uses the versions of TLS up to
// most.
func secure(t *testing.T, cert []byte, most uint16, own ...tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: most, MinVersion: tls.VersionTLS10, Certificates: own}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestTLS(t *testing.T) {
	cert, key := newCertificate(t, "first")
	url := strings.Replace(serve(t, withTLS(cert, key, nil)), "http", "https", 1)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		res, err := secure(t, cert, version).Get(url + "/v1/models")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Proto != "HTTP/2.0" || res.TLS.Version != version {
			t.Errorf("got %s by %s", res.Status, res.Proto)
		}
	}
	if res, err := secure(t, cert, tls.VersionTLS11).Get(url); err == nil {
		res.Body.Close()
		t.Error("TLS 1.1 is taken")
	}
	res, err := http.Get(strings.Replace(url, "https", "http", 1))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("without encryption: got %s", res.Status)
	}
}

func TestMutualTLS(t *testing.T) {
	cert, key := newCertificate(t, "server")
	own, ownKey := newCertificate(t, "client")
	url := strings.Replace(serve(t, withTLS(cert, key, own)), "http", "https", 1)
	pair, err := tls.X509KeyPair(own, ownKey)
	if err != nil {
		t.Fatal(err)
	}
	res, err := secure(t, cert, tls.VersionTLS13, pair).Get(url + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	stranger, strangerKey := newCertificate(t, "stranger")
	other, err := tls.X509KeyPair(stranger, strangerKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, certificates := range map[string][]tls.Certificate{"none": nil, "stranger": {other}} {
		res, err := secure(t, cert, tls.VersionTLS13, certificates...).Get(url + "/v1/models")
		if err == nil {
			res.Body.Close()
			t.Errorf("%s: a client without a certificate of the authority is let in", name)
		}
	}
}

// TestTLSReload changes the certificate while the gateway serves.
func TestTLSReload(t *testing.T) {
	cert, key := newCertificate(t, "first")
	g := newGateway(t, withTLS(cert, key, nil))
	url := run(t, g)
	names := func() string {
		t.Helper()
		conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "http://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := names(); got != "first" {
		t.Errorf("got %s", got)
	}
	cert, key = newCertificate(t, "second")
	if err := g.Apply(configure(t, withTLS(cert, key, nil))); err != nil || names() != "second" {
		t.Errorf("got %s, %v", names(), err)
	}
	if err := g.Apply(configure(t, pool("priority", "http://127.0.0.1:1"))); err == nil || !strings.Contains(err.Error(), "restart") || names() != "second" {
		t.Errorf("TLS is turned off: %v", err)
	}
}

// TestTLSProblems tells what is wrong with certificates, and never what is in them.
func TestTLSProblems(t *testing.T) {
	cert, key := newCertificate(t, "first")
	_, otherKey := newCertificate(t, "second")
	for name, tt := range map[string]struct{ text, want string }{
		"key of another":   {withTLS(cert, otherKey, nil), "test.yaml:3: api.http.tls: has a certificate and a key that cannot be used: tls: private key does not match public key; give"},
		"no PEM":           {withTLS([]byte("tls.crt"), key, nil), "api.http.tls.cert: the value is not PEM; name a file as ${file:tls.crt}"},
		"no key":           {withTLS(cert, nil, nil), "api.http.tls.key: is missing; "},
		"no authority":     {withTLS(cert, key, key), "api.http.tls.client_ca: holds no certificate; "},
		"origin with path": {"api: {http: {cors_origins: [https://a.example.com/]}}\n" + pool("priority", "http://x"), `api.http.cors_origins[0]: "https://a.example.com/" is not an origin; `},
		"no scheme":        {"api: {http: {cors_origins: [chrome-extension://a, 'a.example.com:80']}}\n" + pool("priority", "http://x"), `api.http.cors_origins[1]: "a.example.com:80" is not an origin; `},
	} {
		_, err := config.Parse("test.yaml", []byte(tt.text))
		problems, ok := errors.AsType[config.Problems](err)
		if !ok || !strings.Contains(fmt.Sprint(problems), tt.want) || strings.Contains(err.Error(), string(bytes.Split(key, []byte("\n"))[1])) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCORS(t *testing.T) {
	const page = "https://app.example.com"
	preflight := []string{"Origin", page, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"}
	url := serve(t, pool("priority", "http://127.0.0.1:1"))
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		if res, _ := testkit.Do(t, method, url+"/v1/models", "", preflight...); res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: a page is let in although none is configured", method)
		}
	}
	for _, origins := range []string{page, "'*'"} {
		url = serve(t, "api: {http: {cors_origins: ["+origins+"]}}\n"+pool("priority", "http://127.0.0.1:1"))
		res, _ := testkit.Do(t, http.MethodOptions, url+"/v1/chat/completions", "", preflight...)
		h := res.Header
		if res.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != page || h.Get("Access-Control-Allow-Headers") != "authorization,content-type" ||
			h.Get("Access-Control-Allow-Methods") != "GET, POST" || h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: got %s with %v", origins, res.Status, h)
		}
		res, _ = testkit.Do(t, http.MethodPost, url+"/v1/chat/completions", "{", "Origin", page)
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("Access-Control-Allow-Origin") != page || res.Header.Get("Access-Control-Expose-Headers") != "*" {
			t.Errorf("%s: got %s with %v", origins, res.Status, res.Header)
		}
		res, _ = testkit.Do(t, http.MethodGet, url+"/v1/models", "", "Origin", "https://evil.example.com")
		if got := res.Header.Get("Access-Control-Allow-Origin"); (got != "") != (origins == "'*'") {
			t.Errorf("%s: another page gets %q", origins, got)
		}
		upgrade := []string{"Origin", page, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
		if res := dialRaw(t, url, upgrade); res.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("%s: a page's WebSocket gets %s", origins, res.Status)
		}
	}
}

// dialRaw asks for a WebSocket without speaking its protocol.
func dialRaw(t *testing.T, url string, headers []string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/language/pool/chatStream", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}
