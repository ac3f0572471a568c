package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/einstack/glide/internal/testkit"
)

// certify writes a certificate for 127.0.0.1 that signs itself, as NAME.crt and NAME.key.
func certify(t *testing.T, dir, name string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	rewrite(t, filepath.Join(dir, name+".crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// TestTLS lets an SDK and the probe talk to a gateway that wants certificates of both, and
// changes its own while it runs.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certify(t, dir, "server")
	certify(t, dir, "client")
	rewrite(t, filepath.Join(dir, "glide.yaml"), "api: {http: {tls: {cert: '${file:server.crt}', key: '${file:server.key}', client_ca: '${file:client.crt}'}}}\n"+simulated("default"))
	g := testkit.StartFile(t, filepath.Join(dir, "glide.yaml"))
	if !strings.HasPrefix(g.URL, "https://") {
		t.Fatalf("glide listens on %s", g.URL)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "client.crt"), filepath.Join(dir, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	var served *x509.Certificate
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		Certificates: []tls.Certificate{own}, InsecureSkipVerify: true, // which one is served is looked at below
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) (err error) {
			served, err = x509.ParseCertificate(raw[0])
			return err
		},
	}}
	client := openai.NewClient(option.WithBaseURL(g.URL+"/v1"), option.WithAPIKey("unused"), option.WithMaxRetries(0), option.WithHTTPClient(&http.Client{Transport: transport}))
	serial := func() string {
		t.Helper()
		if _, err := client.Chat.Completions.New(t.Context(), say("default", "Hello")); err != nil {
			t.Fatal(err)
		}
		return served.SerialNumber.String()
	}
	first := serial()

	health := func(more ...string) (string, error) {
		args := append([]string{"health", "--addr", strings.TrimPrefix(g.URL, "https://")}, more...)
		out, err := exec.Command(testkit.Binary(t), args...).CombinedOutput()
		return string(out), err
	}
	if out, err := health("--cert", filepath.Join(dir, "client.crt"), "--key", filepath.Join(dir, "client.key")); err != nil || out != "ready\n" {
		t.Errorf("got %s, %v", out, err)
	}
	if out, err := health(); err == nil || !strings.Contains(out, "certificate required") {
		t.Errorf("without a certificate: got %s, %v", out, err)
	}

	certify(t, dir, "server")
	waitFor(t, "the new certificate", func() bool { return serial() != first })
}
