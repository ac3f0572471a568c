//go:build e2e

package publish

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/einstack/glide/test/dockerregistry"
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

	users := filepath.Join(dir, "htpasswd")
	write(t, users, htpasswd)
	addr = dockerregistry.Start(t, &dockerregistry.Lock{Certificate: certificate, Key: key, Users: users})
	res, err := (&http.Client{Transport: trusting(t, certificate)}).Get("https://" + addr + "/v2/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Fatalf("the registry answers %s without a password", res.Status)
	}
	return addr, certificate
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
