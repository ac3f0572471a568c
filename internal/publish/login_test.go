package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
