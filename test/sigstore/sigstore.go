// Package sigstore is Sigstore on the loopback, for tests of cosign: an authority that certifies workflows of
// GitHub, logs of its certificates and of signatures, and the TUF repository by which cosign finds and trusts
// them. GitHub's identity tokens come from here too, so that cosign does all that it does in a workflow.
package sigstore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Sigstore is all of these services, on one server.
type Sigstore struct {
	// Workflow is what GitHub says that runs, such as "einstack/glide/.github/workflows/release.yml@refs/tags/v0.1.0".
	Workflow string
	// Env is what cosign's environment has in that workflow.
	Env []string

	url       string
	authority authority
	ct, rekor log
}

// token is what GitHub wants of a workflow that asks for its identity.
const token = "request-token"

// Start runs the services until the test ends.
func Start(t testing.TB, workflow string) *Sigstore {
	t.Helper()
	s := &Sigstore{Workflow: workflow, authority: newAuthority(t), ct: newLog(t), rekor: newLog(t)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	files := s.repository(t)
	for name, content := range files {
		mux.HandleFunc("GET /tuf/"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	}
	mux.HandleFunc("GET /token", s.identify)
	mux.HandleFunc("POST /api/v2/signingCert", s.certify)
	mux.HandleFunc("POST /api/v1/log/entries", s.record)

	root := filepath.Join(t.TempDir(), "root.json")
	if err := os.WriteFile(root, files["1.root.json"], 0o644); err != nil {
		t.Fatal(err)
	}
	s.Env = []string{
		"TUF_MIRROR=" + s.url + "/tuf", "TUF_ROOT_JSON=" + root, "TUF_ROOT=" + t.TempDir(),
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + s.url + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + token,
	}
	return s
}

// identify answers as GitHub does when a workflow asks who it is. Nobody here looks at the token's signature.
func (s *Sigstore) identify(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "bearer "+token || r.URL.Query().Get("audience") != "sigstore" {
		http.Error(w, "not authorized", http.StatusUnauthorized)
		return
	}
	part := func(value any) string {
		text, _ := json.Marshal(value) // of strings
		return base64.RawURLEncoding.EncodeToString(text)
	}
	claims := map[string]string{"iss": issuer, "aud": "sigstore", "sub": "repo:einstack/glide", "job_workflow_ref": s.Workflow}
	reply(w, http.StatusOK, map[string]string{"value": part(map[string]string{"alg": "RS256"}) + "." + part(claims) + "." + part("")})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client sees it
}

// newKey returns a key and the digest of its public half.
func newKey(t testing.TB) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(public(key))
	return key, id[:]
}

// public returns the public half of a key, DER.
func public(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err) // of a curve that is known
	}
	return der
}

// since is when all keys begin to count.
var since = map[string]string{"start": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}

// trusted returns trusted_root.json, by which signatures are checked.
func (s *Sigstore) trusted() map[string]any {
	type object = map[string]any
	log := func(l log, url string) []object {
		return []object{{
			"baseUrl":       url,
			"hashAlgorithm": "SHA2_256",
			"publicKey":     object{"rawBytes": public(l.key), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
			"logId":         object{"keyId": l.id},
		}}
	}
	return object{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"tlogs":     log(s.rekor, s.url),
		"ctlogs":    log(s.ct, s.url+"/ct"),
		"certificateAuthorities": []object{{
			"uri":       s.url,
			"certChain": object{"certificates": []object{{"rawBytes": s.authority.certificate.Raw}}},
			"validFor":  since,
		}},
	}
}

// services returns signing_config.v0.2.json, by which signatures are made.
func (s *Sigstore) services() map[string]any {
	type object = map[string]any
	service := []object{{"url": s.url, "majorApiVersion": 1, "validFor": since, "operator": "test"}}
	return object{
		"mediaType":       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		"caUrls":          service,
		"oidcUrls":        service,
		"rekorTlogUrls":   service,
		"rekorTlogConfig": object{"selector": "ANY"},
		"tsaConfig":       object{"selector": "ANY"},
	}
}
