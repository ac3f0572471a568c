//go:build e2e

package publish

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The secret of the channels as htpasswd writes it.
const htpasswd = "release:$2y$05$44flDXxkKvKs3VsiAZF1o.qpADERLZxjE8AzDAjTKBjFs5x1dhWtC\n"

// startRegistry runs Debian's registry on the loopback, with TLS and a password, until the test ends.
// It returns "host:port" and a file with the certificate to trust.
func startRegistry(t *testing.T) (addr, certificate string) {
	t.Helper()
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, certificate, key)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "htpasswd"), htpasswd)
	write(t, filepath.Join(dir, "config.yaml"), fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %s}}
http: {addr: %q, relativeurls: true, tls: {certificate: %s, key: %s}}
auth: {htpasswd: {realm: test, path: %s}}
`, filepath.Join(dir, "storage"), addr, certificate, key, filepath.Join(dir, "htpasswd")))
	cmd := exec.Command("docker-registry", "serve", filepath.Join(dir, "config.yaml"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the registry said:\n%s", &stderr)
		}
	})
	client := &http.Client{Transport: trusting(t, certificate)}
	deadline := time.Now().Add(30 * time.Second)
	for {
		res, err := client.Get("https://" + addr + "/v2/")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode != http.StatusUnauthorized {
				t.Fatalf("the registry answers %s without a password", res.Status)
			}
			return addr, certificate
		}
		if time.Now().After(deadline) {
			t.Fatalf("the registry does not answer: %v\n%s", err, &stderr)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// writeCertificate writes the certificate of net/http's own test servers, which is for the loopback.
func writeCertificate(t *testing.T, certificate, key string) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	private, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.TLS.Certificates[0].Certificate[0]})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// trusting returns a transport that trusts a certificate.
func trusting(t *testing.T, certificate string) *http.Transport {
	t.Helper()
	text, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", certificate)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 16}
}
