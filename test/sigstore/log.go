package sigstore

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A log signs for what it has taken.
type log struct {
	key   *ecdsa.PrivateKey
	id    []byte
	taken *atomic.Int64
}

func newLog(t testing.TB) log {
	t.Helper()
	key, id := newKey(t)
	return log{key, id, &atomic.Int64{}}
}

func (l log) sign(content []byte) ([]byte, error) {
	digest := sha256.Sum256(content)
	return ecdsa.SignASN1(rand.Reader, l.key, digest[:])
}

// record answers as Rekor does, with the proof that an entry is in the log: in a tree of its own, whose root
// it is.
func (s *Sigstore) record(w http.ResponseWriter, r *http.Request) {
	entry, err := s.rekor.entry(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id := fmt.Sprintf("%064x", s.rekor.taken.Load())
	w.Header().Set("ETag", id)
	w.Header().Set("Location", "/api/v1/log/entries/"+id)
	reply(w, http.StatusCreated, map[string]any{id: entry})
}

// Logged returns how many signatures the log has taken.
func (s *Sigstore) Logged() int { return int(s.rekor.taken.Load()) }

func (l log) entry(r *http.Request) (map[string]any, error) {
	body, err := canonical(r)
	if err != nil {
		return nil, err
	}
	index, id, now := l.taken.Add(1), hex.EncodeToString(l.id), time.Now().Unix()
	entry := map[string]any{"body": base64.StdEncoding.EncodeToString(body), "integratedTime": now, "logID": id, "logIndex": index}
	text, err := json.Marshal(entry) // sorted, as it is to be signed
	if err != nil {
		return nil, err
	}
	promise, err := l.sign(text)
	if err != nil {
		return nil, err
	}
	root := sha256.Sum256(append([]byte{0}, body...))
	note := fmt.Sprintf("127.0.0.1 - %d\n1\n%s\n", index, base64.StdEncoding.EncodeToString(root[:]))
	signature, err := l.sign([]byte(note))
	if err != nil {
		return nil, err
	}
	entry["verification"] = map[string]any{
		"signedEntryTimestamp": promise,
		"inclusionProof": map[string]any{
			"checkpoint": note + "\n— 127.0.0.1 " + base64.StdEncoding.EncodeToString(append(l.id[:4:4], signature...)) + "\n",
			"hashes":     []string{},
			"logIndex":   0,
			"rootHash":   hex.EncodeToString(root[:]),
			"treeSize":   1,
		},
	}
	return entry, nil
}

// canonical returns what the log keeps of a request: of a signature all, of an envelope digests.
func canonical(r *http.Request) ([]byte, error) {
	var request struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Spec       json.RawMessage `json:"spec"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	var spec any
	switch request.Kind {
	case "hashedrekord":
		if err := json.Unmarshal(request.Spec, &spec); err != nil {
			return nil, err
		}
	case "dsse":
		var err error
		if spec, err = digested(request.Spec); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("an entry of kind %q", request.Kind)
	}
	return json.Marshal(map[string]any{"apiVersion": request.APIVersion, "kind": request.Kind, "spec": spec})
}

func digested(text []byte) (map[string]any, error) {
	var proposed struct {
		ProposedContent struct {
			Envelope  string   `json:"envelope"`
			Verifiers []string `json:"verifiers"`
		} `json:"proposedContent"`
	}
	if err := json.Unmarshal(text, &proposed); err != nil {
		return nil, err
	}
	content := proposed.ProposedContent
	var envelope struct {
		Payload    []byte
		Signatures []struct{ Sig string }
	}
	if err := json.Unmarshal([]byte(content.Envelope), &envelope); err != nil {
		return nil, err
	}
	hash := func(content []byte) map[string]string {
		return map[string]string{"algorithm": "sha256", "value": fmt.Sprintf("%x", sha256.Sum256(content))}
	}
	var signatures []map[string]string
	for i, signature := range envelope.Signatures {
		signatures = append(signatures, map[string]string{"signature": signature.Sig, "verifier": content.Verifiers[i]})
	}
	return map[string]any{"envelopeHash": hash([]byte(content.Envelope)), "payloadHash": hash(envelope.Payload), "signatures": signatures}, nil
}
