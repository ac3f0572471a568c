//go:build e2e

package kubernetes

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/testkit"
	"github.com/einstack/glide/test/repo"
)

// nodeAddress is the lab's node, as pods reach it.
var nodeAddress = os.Getenv("LAB_NODE")

// A lab is the cluster with what the tests have put there.
type lab struct {
	this, next published
	service    string // "host:port" of the Service
	upstream   *provider
	before     string // what was in the namespace at first
}

func TestKubernetes(t *testing.T) {
	must(t, "helm", "registry", "login", registry, "--username", user, "--password", password)
	l := &lab{this: publish(t, "this"), next: publish(t, "next"), upstream: newProvider(t)}
	must(t, "kubectl", "create", "namespace", namespace)
	must(t, "kubectl", "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/enforce-version=latest")
	kubectl(t, "create", "secret", "docker-registry", "registry", "--docker-server", registry, "--docker-username", user, "--docker-password", password)
	kubectl(t, "create", "secret", "generic", "upstream", "--from-literal", "key=sk-first")
	t.Cleanup(func() { explain(t) })
	l.before = everything(t)

	for _, step := range []struct {
		name string
		test func(*testing.T, *lab)
	}{
		{"every resource", testResources},
		{"install", testInstall},
		{"helm test", testChat},
		{"scale", testScale},
		{"upgrade and roll back", testUpgrade},
		{"configuration rolls out", testConfigRollOut},
		{"configuration is refused", testConfigRefused},
		{"secret is missing", testSecretMissing},
		{"configuration is read again", testConfigReload},
		{"secret rotates", testSecret},
		{"pod is killed", testKill},
		{"node is drained", testDrain},
		{"encrypted", testEncrypted},
		{"any user", testUser},
		{"uninstall", testUninstall},
		{"as the pages say", testPages},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.test(t, l) }) {
			return // what follows stands on it
		}
	}
}

// A provider is a model outside the cluster's pods that wants a key.
type provider struct {
	address string
	key     atomic.Value // of the last request
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.key.Store("")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.key.Store(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		testkit.JSON(http.StatusOK, testkit.Completion("from outside"))(w, r)
	}))
	server.Listener.Close()
	ln, err := net.Listen("tcp", nodeAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = ln
	server.Start()
	t.Cleanup(server.Close)
	p.address = ln.Addr().String()
	return p
}

// base returns the values that all tests have in common, where the model "word" answers with a word.
func (l *lab) base(word string) string {
	return fmt.Sprintf(`
image: {repository: %s, pullSecrets: [registry]}
drain: {delaySeconds: 3, timeoutSeconds: 30}
resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 128Mi}}
secrets: [upstream]
config:
  telemetry: {logging: {level: warn}}
  routers:
    language:
      - {id: default, models: [{id: simulated, simulated: {}}]}
      - {id: slow, models: [{id: simulated, simulated: {tokens_per_second: 6, text: %q}}]}
      - {id: word, models: [{id: simulated, simulated: {text: %s}}]}
      - {id: outside, models: [{id: upstream, openai: {model: m, base_url: "http://%s/v1", api_key: "${file:/etc/glide/secrets/upstream/key}"}}]}
`, imageRepository(), strings.Repeat("word ", 29)+"thirty", word, l.upstream.address)
}

// upgrade upgrades to a release with the values of [lab.base] and others, each "name=value", and
// waits until all its pods serve.
func (l *lab) upgrade(t *testing.T, to published, word string, others ...string) {
	t.Helper()
	helm(t, l.upgradeArgs(t, to, word, others...)...)
}

func (l *lab) upgradeArgs(t *testing.T, to published, word string, others ...string) []string {
	t.Helper()
	args := []string{"upgrade", "glide", chartReference(), "--version", to.version, "--values", values(t, l.base(word)), "--wait", "--timeout", deadline.String()}
	for _, other := range others {
		args = append(args, "--set", other)
	}
	return args
}

// testResources has the API server check all that the chart can make, field by field, those of the
// Gateway API and the Prometheus operator too. Nothing of it stays.
func testResources(t *testing.T, _ *lab) {
	must(t, "kubectl", "create", "--filename", os.Getenv("LAB_CRDS"))
	must(t, "kubectl", "wait", "--for", "condition=Established", "--filename", os.Getenv("LAB_CRDS"), "--timeout", deadline.String())
	t.Cleanup(func() { must(t, "kubectl", "delete", "--filename", os.Getenv("LAB_CRDS")) })
	source := filepath.Join(repo.Root(), chart.Dir)
	scenarios, err := filepath.Glob(filepath.Join(source, "ci", "*.yaml"))
	if err != nil || len(scenarios) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, scenario := range scenarios {
		rendered := helm(t, "template", "glide", source, "--values", scenario)
		apply(t, rendered)
		for manifest := range strings.SplitSeq(rendered, "\n---\n") {
			if strings.Contains(manifest, "\nkind: HTTPRoute\n") {
				testDefaults(t, manifest)
			}
		}
	}
	kubectl(t, "apply", "--server-side", "--dry-run=server", "--validate=strict", "--kustomize", filepath.Dir(filepath.Join(repo.Root(), chart.KustomizeFile)))
}

// apply has the API server look at manifests, and returns what it says.
func apply(t *testing.T, manifests string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifests.yaml")
	if err := os.WriteFile(file, []byte(manifests), 0o644); err != nil {
		t.Fatal(err)
	}
	return kubectl(t, append([]string{"apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", file}, args...)...)
}

// testDefaults looks whether the API server adds nothing to what a manifest specifies: tools that
// compare the two would see a difference for ever.
func testDefaults(t *testing.T, manifest string) {
	t.Helper()
	var want struct{ Spec any }
	if err := yaml.Unmarshal([]byte(manifest), &want); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(want.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if got := apply(t, manifest, "--output", "jsonpath={.spec}"); got != string(spec) {
		t.Errorf("of %s the API server makes %s", spec, got)
	}
}

func testInstall(t *testing.T, l *lab) {
	helm(t, "install", "glide", chartReference(), "--version", l.this.version, "--values", values(t, l.base("one")), "--wait", "--timeout", deadline.String())
	l.service = kubectl(t, "get", "service", "glide", "--output", "jsonpath={.spec.clusterIP}") + ":80"
	for _, p := range settled(t, 2) {
		if got, want := p.Spec.Containers[0].Image, imageRepository()+":"+l.this.version+"-distroless@"+l.this.digest; got != want {
			t.Errorf("pod %s runs %s, not %s", p.Metadata.Name, got, want)
		}
	}
	l.serves(t, l.this)
}

// serves looks whether each pod is of a release, and asks the provider outside by way of the Service.
func (l *lab) serves(t *testing.T, want published) {
	t.Helper()
	for _, p := range settled(t, 2) {
		metrics := must(t, "curl", "--silent", "--show-error", "--fail", "http://"+p.Status.PodIP+":9099/metrics")
		if !strings.Contains(metrics, fmt.Sprintf("glide_build_info{version=%q} 1", want.version)) {
			t.Errorf("pod %s is not of version %s", p.Metadata.Name, want.version)
		}
	}
	await(t, "the provider outside answers", func() error {
		return ask(t.Context(), http.DefaultClient, "http://"+l.service+"/v1/chat/completions", "outside", "from outside")
	})
}

// says waits until each of the pods answers with a word.
func says(t *testing.T, all []pod, word string) {
	t.Helper()
	for _, p := range all {
		await(t, "pod "+p.Metadata.Name+" says "+word, func() error {
			return ask(t.Context(), http.DefaultClient, "http://"+p.Status.PodIP+":9099/v1/chat/completions", "word", `"`+word+`"`)
		})
	}
}

func testChat(t *testing.T, _ *lab) {
	if output := helm(t, "test", "glide"); !strings.Contains(output, "Succeeded") {
		t.Errorf("helm test says:\n%s", output)
	}
}

func testScale(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	for _, count := range []int{1, 3, 1, 2} {
		kubectl(t, "scale", "deployment", "glide", "--replicas", fmt.Sprint(count))
		settled(t, count)
	}
	load.stop(t)
}

func testUpgrade(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	l.upgrade(t, l.next, "one")
	l.serves(t, l.next)
	helm(t, "rollback", "glide", "--wait", "--timeout", deadline.String())
	l.serves(t, l.this)
	load.stop(t)
}

func testConfigRollOut(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	before := uids(settled(t, 2))
	l.upgrade(t, l.this, "two")
	after := settled(t, 2)
	says(t, after, "two")
	if slices.ContainsFunc(uids(after), func(uid string) bool { return slices.Contains(before, uid) }) {
		t.Error("a pod has stayed")
	}
	load.stop(t)
}

// testConfigRefused rolls out what the schema takes and Glide refuses.
func testConfigRefused(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	before := settled(t, 2)
	args := append(l.upgradeArgs(t, l.this, "three", "config.routers.language[2].id=default"), "--timeout", "15s")
	output, err := run(t, "helm", append([]string{"--namespace", namespace}, args...)...)
	if err == nil {
		t.Errorf("helm upgrade --wait succeeded:\n%s", output)
	}
	await(t, "the new pod says why", func() error {
		for _, p := range pods(t) {
			for _, c := range p.Status.ContainerStatuses {
				for _, ended := range []*struct{ Message string }{c.State.Terminated, c.LastState.Terminated} {
					if ended != nil && strings.Contains(ended.Message, "/etc/glide/config/config.yaml:") && strings.Contains(ended.Message, `"default"`) {
						return nil
					}
				}
			}
		}
		return fmt.Errorf("no pod's status has the error")
	})
	says(t, before, "two")
	helm(t, "rollback", "glide", "--wait", "--timeout", deadline.String())
	after := settled(t, 2)
	if !slices.Equal(uids(after), uids(before)) {
		t.Error("an old pod has gone")
	}
	says(t, after, "two")
	load.stop(t)
}

// testSecretMissing rolls out pods that want a Secret that is not there yet.
func testSecretMissing(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	before := uids(settled(t, 2))
	args := l.upgradeArgs(t, l.this, "two", "secrets={upstream,late}")
	args = slices.DeleteFunc(args, func(arg string) bool { return arg == "--wait" })
	helm(t, args...)
	await(t, "the new pod says what it waits for", func() error {
		if events := kubectl(t, "get", "events", "--field-selector", "reason=FailedMount"); !strings.Contains(events, `secret "late" not found`) {
			return fmt.Errorf("events are:\n%s", events)
		}
		return nil
	})
	if now := uids(pods(t)); !slices.Contains(now, before[0]) || !slices.Contains(now, before[1]) {
		t.Errorf("of the pods %v there are now %v", before, now)
	}
	kubectl(t, "create", "secret", "generic", "late", "--from-literal", "key=sk-late")
	await(t, "the pods are replaced", func() error {
		now := uids(pods(t))
		if slices.Contains(now, before[0]) || slices.Contains(now, before[1]) {
			return fmt.Errorf("there are %v", now)
		}
		return nil
	})
	helm(t, "rollback", "glide", "--wait", "--timeout", deadline.String())
	settled(t, 2)
	kubectl(t, "delete", "secret", "late")
	load.stop(t)
}

// testConfigReload changes the configuration of running pods, as without a roll-out.
func testConfigReload(t *testing.T, l *lab) {
	l.upgrade(t, l.this, "two", "rollOutConfig=false")
	before := settled(t, 2)
	load := startLoad(t, l.service)
	l.upgrade(t, l.this, "four", "rollOutConfig=false")
	says(t, before, "four")
	if !slices.Equal(uids(settled(t, 2)), uids(before)) {
		t.Error("a pod has been replaced")
	}
	load.stop(t)
}

func testSecret(t *testing.T, l *lab) {
	before := settled(t, 2)
	kubectl(t, "patch", "secret", "upstream", "--patch", `{"stringData": {"key": "sk-second"}}`)
	for _, p := range before {
		await(t, "pod "+p.Metadata.Name+" sends the new key", func() error {
			if err := ask(t.Context(), http.DefaultClient, "http://"+p.Status.PodIP+":9099/v1/chat/completions", "outside", "from outside"); err != nil {
				return err
			}
			if key := l.upstream.key.Load(); key != "sk-second" {
				return fmt.Errorf("it sends %v", key)
			}
			return nil
		})
	}
	if !slices.Equal(uids(settled(t, 2)), uids(before)) {
		t.Error("a pod has been replaced")
	}
}

// testKill ends a pod at once. Its running requests are lost; clients that try again are served.
func testKill(t *testing.T, l *lab) {
	before := settled(t, 2)
	kubectl(t, "delete", "pod", before[0].Metadata.Name, "--grace-period", "0", "--force")
	for range 200 {
		await(t, "a request is served", func() error {
			client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			return ask(t.Context(), client, "http://"+l.service+"/v1/chat/completions", "default", "You said: Hello")
		})
	}
	if after := uids(settled(t, 2)); !slices.Contains(after, before[1].Metadata.UID) || slices.Contains(after, before[0].Metadata.UID) {
		t.Errorf("of %v there are now %v", uids(before), after)
	}
}

// testDrain drains the only node: one pod goes and finds no other node, so that the budget keeps the
// other one where it is.
func testDrain(t *testing.T, l *lab) {
	load := startLoad(t, l.service)
	before := settled(t, 2)
	node := kubectl(t, "get", "nodes", "--output", "jsonpath={.items[0].metadata.name}")
	t.Cleanup(func() { must(t, "kubectl", "uncordon", node) })
	output, err := run(t, "kubectl", "drain", node, "--pod-selector", "app.kubernetes.io/name=glide", "--timeout", "15s")
	if err == nil || !strings.Contains(output, "would violate the pod's disruption budget") {
		t.Errorf("drain: %v\n%s", err, output)
	}
	left := 0
	for _, p := range pods(t) {
		if p.ready() && slices.Contains(uids(before), p.Metadata.UID) {
			left++
		}
	}
	if left != 1 {
		t.Errorf("the budget kept %d of the pods, not 1", left)
	}
	must(t, "kubectl", "uncordon", node)
	settled(t, 2)
	load.stop(t)
}

// testEncrypted has the pods encrypt, and ask for keys. The kubelet's probes and helm test have none.
func testEncrypted(t *testing.T, l *lab) {
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	must(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=llm.example.com", "-out", cert, "-keyout", key)
	kubectl(t, "create", "secret", "tls", "encrypted", "--cert", cert, "--key", key)
	l.upgrade(t, l.this, "four", "secrets={upstream,encrypted}",
		`config.api.http.tls.cert=$\{file:/etc/glide/secrets/encrypted/tls.crt\}`,
		`config.api.http.tls.key=$\{file:/etc/glide/secrets/encrypted/tls.key\}`,
		"config.api.keys[0].id=team,config.api.keys[0].hash=sha256:"+strings.Repeat("0", 64))
	for _, p := range settled(t, 2) {
		status := must(t, "curl", "--silent", "--show-error", "--insecure", "--output", os.DevNull, "--write-out", "%{http_code}", "https://"+p.Status.PodIP+":9099/v1/models")
		if status != "401" {
			t.Errorf("pod %s answers %s to who has no key", p.Metadata.Name, status)
		}
	}
	testChat(t, l)
	helm(t, "rollback", "glide", "--wait", "--timeout", deadline.String())
	settled(t, 2)
	kubectl(t, "delete", "secret", "encrypted")
}

// testUser runs the pods as users of OpenShift do, whom the image does not know.
func testUser(t *testing.T, l *lab) {
	l.upgrade(t, l.this, "four", "podSecurityContext.runAsUser=1000680000", "podSecurityContext.runAsGroup=0", "podSecurityContext.fsGroup=1000680000")
	for _, p := range settled(t, 2) {
		if user := kubectl(t, "get", "pod", p.Metadata.Name, "--output", "jsonpath={.spec.securityContext.runAsUser}"); user != "1000680000" {
			t.Errorf("pod %s runs as %s", p.Metadata.Name, user)
		}
	}
	l.serves(t, l.this)
	testChat(t, l)
}

func testUninstall(t *testing.T, l *lab) {
	helm(t, "uninstall", "glide", "--wait", "--timeout", deadline.String())
	await(t, "nothing is left", func() error {
		if now := everything(t); now != l.before {
			return fmt.Errorf("there is:\n%s\nand was:\n%s", now, l.before)
		}
		return nil
	})
}

// everything lists what is in the namespace, but for events.
func everything(t *testing.T) string {
	t.Helper()
	kinds := strings.Fields(must(t, "kubectl", "api-resources", "--namespaced", "--verbs", "list", "--output", "name"))
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "events") })
	return kubectl(t, "get", strings.Join(kinds, ","), "--output", "name")
}
