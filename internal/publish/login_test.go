package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Other programs log in as the release does: with its secret, as docker login has left it, or not at all.
func TestDockerConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		release  Release
		password string
		want     string // config.json; nothing where the user's own counts
	}{
		"with a password":           {Release{}, "hunter2", `{"auths":{"registry.example":{"username":"me","password":"hunter2","auth":"bWU6aHVudGVyMg=="}}}`},
		"as the user":               {Release{}, "", ""},
		"as anyone":                 {Release{Anonymous: true}, "hunter2", `{"auths":{}}`},
		"to read a private one":     {Release{Anonymous: true, Login: true}, "hunter2", `{"auths":{"registry.example":{"username":"me","password":"hunter2","auth":"bWU6aHVudGVyMg=="}}}`},
		"to read one as the user":   {Release{Anonymous: true, Login: true}, "", ""},
		"as anyone without secrets": {Release{Anonymous: true}, "", `{"auths":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("REGISTRY_USER", "me")
			t.Setenv("REGISTRY_PASSWORD", tc.password)
			tc.release.Scratch = t.TempDir()
			env, err := tc.release.DockerConfig([]string{"registry.example/glide@sha256:" + strings.Repeat("0", 64)})
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if env != nil {
					t.Errorf("got %q", env)
				}
				return
			}
			dir := filepath.Join(tc.release.Scratch, "docker")
			if len(env) != 1 || env[0] != "DOCKER_CONFIG="+dir {
				t.Fatalf("got %q", env)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "config.json")); err != nil || string(text) != tc.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, text, tc.want)
			}
		})
	}
}

// Docker Hub's own name is not that of its registry.
func TestDockerConfigOfHub(t *testing.T) {
	t.Setenv("REGISTRY_USER", "me")
	t.Setenv("REGISTRY_PASSWORD", "hunter2")
	r := Release{Scratch: t.TempDir()}
	env, err := r.DockerConfig([]string{"einstack/glide:0.1.0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", strings.TrimPrefix(env[0], "DOCKER_CONFIG="))
	auth, err := authn.DefaultKeychain.Resolve(name.MustParseReference("einstack/glide:0.1.0").Context())
	if err != nil {
		t.Fatal(err)
	}
	if login, err := auth.Authorization(); err != nil || login.Username != "me" || login.Password != "hunter2" {
		t.Errorf("others log in as %q, %v", login.Username, err)
	}
}

// A file that can't be read is no lack of a secret.
func TestUnreadablePassword(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "")
	t.Setenv("REGISTRY_PASSWORD_FILE", filepath.Join(t.TempDir(), "none"))
	opened, err := Open(&Release{}, []string{"oci=registry.example/glide"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened[0].Plan(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "REGISTRY_PASSWORD_FILE: open ") {
		t.Errorf("got %v", err)
	}
}
