package sigstore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// issuer is who says which workflow runs.
const issuer = "https://token.actions.githubusercontent.com"

// What Fulcio's certificates have, and those that are in a log of certificates (RFC 6962, 3.3).
var (
	issuerExtension    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}
	timestampExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// An authority certifies for minutes who has a key.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, id := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "sigstore"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
		IsCA:                  true,
		SubjectKeyId:          id[:20],
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, certificate}
}

// certify answers as Fulcio does: with a certificate of the key for the workflow that the token names.
func (s *Sigstore) certify(w http.ResponseWriter, r *http.Request) {
	der, err := s.certificate(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	encode := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	chain := map[string]any{"certificates": []string{encode(der), encode(s.authority.certificate.Raw)}}
	reply(w, http.StatusOK, map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": chain}})
}

func (s *Sigstore) certificate(r *http.Request) ([]byte, error) {
	var request struct {
		PublicKeyRequest struct {
			PublicKey struct{ Content string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(request.PublicKeyRequest.PublicKey.Content))
	if block == nil {
		return nil, errors.New("no public key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	if len(parts) != 3 {
		return nil, errors.New("no token")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims struct {
		Workflow string `json:"job_workflow_ref"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return nil, err
	}
	subject, err := url.Parse("https://github.com/" + claims.Workflow)
	if err != nil {
		return nil, err
	}
	value, err := asn1.MarshalWithParams(issuer, "utf8")
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:    serial,
		NotBefore:       time.Now().Add(-time.Minute),
		NotAfter:        time.Now().Add(10 * time.Minute),
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		URIs:            []*url.URL{subject},
		ExtraExtensions: []pkix.Extension{{Id: issuerExtension, Value: value}},
	}
	create := func() (*x509.Certificate, error) {
		der, err := x509.CreateCertificate(rand.Reader, template, s.authority.certificate, key, s.authority.key)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(der)
	}
	// What is logged is the certificate without the extension that says that it is.
	logged, err := create()
	if err != nil {
		return nil, err
	}
	timestamp, err := s.ct.timestamp(s.authority.certificate.RawSubjectPublicKeyInfo, logged.RawTBSCertificate)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: timestampExtension, Value: timestamp})
	final, err := create()
	if err != nil {
		return nil, err
	}
	return final.Raw, nil
}

// timestamp returns the value of a certificate's extension that says that a log has it (RFC 6962, 3.2 and 3.3).
func (l log) timestamp(issuer, certificate []byte) ([]byte, error) {
	const version, certificateTimestamp, precertEntry, sha256WithECDSA = 0, 0, 1, 0x0403
	now := uint64(time.Now().UnixMilli())
	issuerID := sha256.Sum256(issuer)
	var signed bytes.Buffer
	signed.Write([]byte{version, certificateTimestamp})
	signed.Write(binary.BigEndian.AppendUint64(nil, now))
	signed.Write(binary.BigEndian.AppendUint16(nil, precertEntry))
	signed.Write(issuerID[:])
	signed.Write(binary.BigEndian.AppendUint32(nil, uint32(len(certificate)))[1:])
	signed.Write(certificate)
	signed.Write([]byte{0, 0}) // no extensions
	signature, err := l.sign(signed.Bytes())
	if err != nil {
		return nil, err
	}
	var one bytes.Buffer
	one.WriteByte(version)
	one.Write(l.id)
	one.Write(binary.BigEndian.AppendUint64(nil, now))
	one.Write([]byte{0, 0})
	one.Write(binary.BigEndian.AppendUint16(nil, sha256WithECDSA))
	one.Write(prefixed(signature))
	return asn1.Marshal(prefixed(prefixed(one.Bytes())))
}

// prefixed returns bytes with their length before them.
func prefixed(content []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(content))), content...)
}
