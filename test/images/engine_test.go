//go:build e2e

package images

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/einstack/glide/internal/image"
	"github.com/einstack/glide/internal/testkit"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// The slab that the engine runs in has a network of its own, so these are nobody else's.
const (
	slabRegistry = "127.0.0.1:5000/glide"
	slabHost     = "172.30.0.1" // as containers reach the slab
	slabUpstream = slabHost + ":8443"
)

// slabVariable makes this program serve in the slab: the layout in the folder it names.
const slabVariable = "GLIDE_TEST_SERVE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(slabVariable); dir != "" {
		log.Fatal(serve(dir))
	}
	os.Exit(m.Run())
}

// serve serves the images of the layout in dir from a registry, and a provider with a certificate
// of its own, whose root it writes beside the layout when all is ready.
func serve(dir string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:5000")
	if err != nil {
		return err
	}
	go func() { log.Fatal(http.Serve(ln, registry.New(registry.Logger(log.New(io.Discard, "", 0))))) }()
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	described, err := root.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range described.Manifests {
		index, err := root.ImageIndex(d.Digest)
		if err != nil {
			return err
		}
		tag, err := name.NewTag(slabRegistry + ":" + d.Annotations["org.opencontainers.image.ref.name"])
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(tag, index); err != nil {
			return err
		}
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.ParseIP(slabHost)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr: slabUpstream,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			testkit.JSON(http.StatusOK, testkit.Completion("by TLS"))(w, r)
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(rootOf(dir), text, 0o644); err != nil {
		return err
	}
	return server.ListenAndServeTLS("", "")
}

func rootOf(dir string) string { return dir + ".pem" }

func docker(t *testing.T, args ...string) string {
	t.Helper()
	return repo.RunLab(t, append([]string{"exec", "docker"}, args...)...)
}

// testEngine runs every image in a Docker engine, those of other architectures by qemu.
func testEngine(t *testing.T, r release, root string) {
	t.Cleanup(func() { repo.RunLab(t, "down") })
	repo.RunLab(t, "down")
	repo.RunLab(t, "up", "docker")
	t.Run("load", func(t *testing.T) { loadArchive(t, r, root) })

	server := repo.Lab("exec", os.Args[0])
	server.Env = append(os.Environ(), slabVariable+"="+string(r.Path))
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	await(t, "the slab's registry is filled", func() error {
		_, err := os.Stat(rootOf(string(r.Path)))
		return err
	})

	// The engine chooses the platform from the index.
	docker(t, "pull", "--quiet", "--platform", "linux/s390x", slabRegistry+":"+tagOf(t, r, "alpine").Tag)
	got := docker(t, "inspect", "--format", "{{.Architecture}}", slabRegistry+":"+tagOf(t, r, "alpine").Tag)
	if got != "s390x" {
		t.Errorf("of the index docker pulled %s", got)
	}

	config := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf(`
routers:
  language:
    - {id: default, models: [{id: simulated, simulated: {}}]}
    - {id: tls, models: [{id: upstream, openai: {model: m, api_key: k, base_url: "https://%s/v1"}}]}
`, slabUpstream)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tag := range r.list.Tags {
		for _, one := range tag.Platforms {
			t.Run(tag.Distro+"-"+one.Target, func(t *testing.T) { runImage(t, r, tag.Distro, one, config) })
		}
	}
}

// loadArchive loads the archive of an image into Docker, by the command that people type, into
// Docker's containerd and into podman.
func loadArchive(t *testing.T, r release, root string) {
	nix := os.Getenv("GLIDE_NIX")
	if nix == "" {
		nix = filepath.Join(repo.Root(), "nix", "host", "nix-host")
	}
	loaded := repo.RunLab(t, "exec", "env", "--chdir="+root, nix, "run", ".#load-image")
	_, ref, found := strings.Cut(loaded, "Loaded image: ")
	if want := tree.Images + ":" + tagOf(t, r, "distroless").Tag; !found || ref != want {
		t.Fatalf("load-image said %q, want it to load %s", loaded, want)
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := repo.Build(t.Context(), root, "image-distroless-amd64", archive); err != nil {
		t.Fatal(err)
	}
	id := configOf(t, archive)
	if got := docker(t, "inspect", "--format", "{{.Id}}", ref); got != id {
		t.Errorf("docker has loaded %s, not %s", got, id)
	}

	repo.RunLab(t, "exec", "ctr", "--namespace", "test", "images", "import", archive)
	if names := repo.RunLab(t, "exec", "ctr", "--namespace", "test", "images", "list", "--quiet"); names != ref {
		t.Errorf("containerd has imported %q, not %s", names, ref)
	}

	repo.RunLab(t, "exec", "podman", "load", "--quiet", "--input", archive)
	if got := "sha256:" + repo.RunLab(t, "exec", "podman", "inspect", "--format", "{{.Id}}", ref); got != id {
		t.Errorf("podman has loaded %s, not %s", got, id)
	}
	const address = "127.0.0.1:9099"
	container := repo.RunLab(t, "exec", "podman", "run", "--detach", "--network", "host", "--env", "GLIDE_ADDR="+address,
		// It takes no health check of an image in OCI's form; without systemd it is told when to check.
		"--health-cmd", `["/bin/glide","health"]`, "--health-interval", "disable",
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "12345:0", ref)
	t.Cleanup(func() { repo.RunLab(t, "exec", "podman", "rm", "--force", container) })
	await(t, "glide is ready under podman", func() error {
		return repo.Lab("exec", "podman", "healthcheck", "run", container).Run()
	})
	if answer := ask(t, address, "default"); !strings.Contains(answer, "You said: Hello") {
		t.Errorf("under podman it answers %s", answer)
	}
}

// ask asks a model for a chat, from the slab, and returns the answer.
func ask(t *testing.T, address, model string) string {
	t.Helper()
	return repo.RunLab(t, "exec", "curl", "--silent", "--show-error", "http://"+address+"/v1/chat/completions",
		"--header", "Content-Type: application/json",
		"--data", fmt.Sprintf(`{"model": %q, "messages": [{"role": "user", "content": "Hello"}]}`, model))
}

// runImage runs an image with as few rights as clusters give, and asks it to chat.
func runImage(t *testing.T, r release, distro string, one image.ListedImage, config string) {
	ref := slabRegistry + "@" + one.Digest.String()
	docker(t, "pull", "--quiet", "--platform", one.Platform, ref)
	if got := docker(t, "inspect", "--format", "{{.Id}}", ref); got != one.Config.String() {
		t.Errorf("docker has it as %s, not %s", got, one.Config)
	}
	container := docker(t, "run", "--detach", "--platform", one.Platform,
		"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "12345:0",
		"--volume", config+":/etc/glide/config.yaml:ro", "--volume", rootOf(string(r.Path))+":/etc/ssl/certs/test.pem:ro", ref)
	t.Cleanup(func() { docker(t, "rm", "--force", container) })
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(docker(t, "logs", container))
		}
	})

	address := docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container)
	await(t, "glide is ready", func() error {
		return repo.Lab("exec", "docker", "exec", container, "/bin/glide", "health").Run()
	})
	if version := docker(t, "exec", container, "glide", "version"); !strings.Contains(version, r.tree.Version) {
		t.Errorf("glide version says %q", version)
	}
	for model, want := range map[string]string{"default": "You said: Hello", "tls": "by TLS"} {
		if answer := ask(t, address+":9099", model); !strings.Contains(answer, want) {
			t.Errorf("%s answers %s", model, answer)
		}
	}
	if distro != "distroless" && one.Target == "linux-amd64" {
		if got := docker(t, "run", "--rm", "--entrypoint", "sh", ref, "-c", "id -u && readlink -f /bin/glide"); got != "65532\n/usr/bin/glide" {
			t.Errorf("the base's shell says %q", got)
		}
	}
}
