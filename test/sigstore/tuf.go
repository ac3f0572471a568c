package sigstore

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// repository returns the files of a TUF repository with consistent snapshots, which one key signs in all
// roles: how cosign gets to know whom to ask and whom to trust.
func (s *Sigstore) repository(t testing.TB) map[string][]byte {
	t.Helper()
	type object = map[string]any
	publicKey, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(value any) []byte {
		text, err := json.Marshal(value) // sorted and without spaces: the canonical form that is signed
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	declared := object{"keytype": "ed25519", "scheme": "ed25519", "keyval": object{"public": hex.EncodeToString(publicKey)}}
	id := fmt.Sprintf("%x", sha256.Sum256(encode(declared)))
	signed := func(role string, content object) []byte {
		content["_type"], content["spec_version"], content["version"] = role, "1.0.31", 1
		content["expires"] = time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
		signature := ed25519.Sign(key, encode(content))
		return encode(object{"signatures": []object{{"keyid": id, "sig": hex.EncodeToString(signature)}}, "signed": content})
	}

	files, targets := map[string][]byte{}, object{}
	for name, content := range map[string]any{"trusted_root.json": s.trusted(), "signing_config.v0.2.json": s.services()} {
		text := encode(content)
		sum := fmt.Sprintf("%x", sha256.Sum256(text))
		files["targets/"+sum+"."+name] = text
		targets[name] = object{"length": len(text), "hashes": object{"sha256": sum}}
	}
	roles := object{}
	for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
		roles[role] = object{"keyids": []string{id}, "threshold": 1}
	}
	files["1.root.json"] = signed("root", object{"consistent_snapshot": true, "keys": object{id: declared}, "roles": roles})
	files["1.targets.json"] = signed("targets", object{"targets": targets})
	files["1.snapshot.json"] = signed("snapshot", object{"meta": object{"targets.json": object{"version": 1}}})
	files["timestamp.json"] = signed("timestamp", object{"meta": object{"snapshot.json": object{"version": 1}}})
	return files
}
