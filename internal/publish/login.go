package publish

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// keychain returns how to log in to registries: by REGISTRY_PASSWORD, or else as `docker login` has left it.
func (r *Release) keychain() (authn.Keychain, error) {
	if r.Anonymous && !r.Login {
		return authn.NewMultiKeychain(), nil
	}
	password, err := secret("REGISTRY_PASSWORD")
	if errors.Is(err, errNoSecret) {
		return authn.DefaultKeychain, nil
	}
	if err != nil {
		return nil, err
	}
	user, err := secret("REGISTRY_USER")
	return login{user, password}, err
}

// A login is the same for all registries.
type login struct{ user, password string }

func (l login) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: l.user, Password: l.password}, nil
}

// DockerConfig returns what other programs need in their environment to log in to the registries of references
// as the release does. Secrets are in a file of its scratch folder.
func (r *Release) DockerConfig(references []string) ([]string, error) {
	keychain, err := r.keychain()
	if err != nil || keychain == authn.DefaultKeychain {
		return nil, err
	}
	auths := map[string]*authn.AuthConfig{}
	for _, reference := range references {
		ref, err := name.ParseReference(reference)
		if err != nil {
			return nil, err
		}
		registry := ref.Context().RegistryStr()
		if registry == name.DefaultRegistry {
			registry = authn.DefaultAuthKey // as docker login calls Docker Hub
		}
		auth, err := keychain.Resolve(ref.Context())
		if err == nil && auth != authn.Anonymous {
			auths[registry], err = auth.Authorization()
		}
		if err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.Scratch, "docker")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return []string{"DOCKER_CONFIG=" + dir}, os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600)
}
