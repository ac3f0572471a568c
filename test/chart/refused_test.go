//go:build e2e

package chart

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/test/repo"
)

// TestRefused sets what does not work. Each is refused before anything is installed, in words that
// name the value and the remedy.
func TestRefused(t *testing.T) {
	const simulated = `config={"routers":{"language":[{"id":"default","models":[{"id":"simulated","simulated":{}}]}]}}`
	const model = "config.routers.language[0].models[0]"
	for _, tc := range []struct{ set, want string }{
		// By the schema of the values.
		{"replica=3", "additional properties 'replica' not allowed"},
		{"image.flavour=alpine", "at '/image': additional properties 'flavour' not allowed"},
		{"image.flavor=fedora", "at '/image/flavor': value must be one of 'distroless', 'alpine', 'ubuntu', 'redhat'"},
		{"image.digest=sha256:12", "at '/image/digest': 'sha256:12' does not match pattern"},
		{"replicas=many", "at '/replicas': got string, want integer"},
		{"replicas=-1", "at '/replicas': minimum: got -1, want 0"},
		{"service.port=70000", "at '/service/port': maximum"},
		{"service.annotations.a.b=c", "at '/service/annotations/a': got object, want string"},
		{"secrets={a,a}", "at '/secrets': items at 0 and 1 are equal"},
		{"env[0].value=x", "at '/env/0': missing property 'name'"},
		// By the schema of the configuration.
		{"config.router=x", "at '/config': additional properties 'router' not allowed"},
		{"config.api.http.read_timeout=soon", "at '/config/api/http/read_timeout': 'soon' does not match pattern"},
		{"config.telemetry.logging.level=loud", "at '/config/telemetry/logging/level'"},
		{"config.routers.language[0].strategy=random", "at '/config/routers/language/0/strategy'"},
		{model + ".openai.api_kee=x", "additional properties 'api_kee' not allowed"},
		// Which keeps what is secret out of the ConfigMap, and of the error.
		{model + ".openai.api_key=sk-1", "/openai/api_key': value must be '${file:/etc/glide/secrets/NAME/KEY}'"},
		{model + ".bedrock.secret_access_key=1234", "/bedrock/secret_access_key': value must be '${file:/etc/glide/secrets/NAME/KEY}'"},
		{model + ".ollama.headers.X-Api-Key=sk-1", "/ollama/headers/X-Api-Key': value must be '${file:/etc/glide/secrets/NAME/KEY}'"},
		{"config.api.http.tls.key=sk-1", "/tls/key': value must be '${file:/etc/glide/secrets/NAME/KEY}'"},
		// By the templates, since it needs two values or words of its own.
		{"config=null", "config.routers is missing: add a router, such as {language: [{id: default, models: [{id: simulated, simulated: {}}]}]}, or name a ConfigMap of yours in existingConfigMap"},
		{"config.api.http.tls.client_ca=$\\{file:/ca.crt\\},config.api.http.tls.cert=$\\{file:/c\\},config.api.http.tls.key=$\\{file:/k\\}", "config.api.http.tls.client_ca: probes of Kubernetes show no certificate: remove it"},
		{"config.api.http.drain_delay=5s", "config.api.http.drain_delay: set drain.delaySeconds instead"},
		{"config.api.http.drain_timeout=5s", "config.api.http.drain_timeout: set drain.timeoutSeconds instead"},
		{model + ".simulated.text=$\\{file:/etc/glide/secrets/azure/key\\}", `secrets does not name "azure": add it`},
		{model + ".simulated.text=$\\{env:WORD\\}", "config refers to ${env:WORD}, but env does not set it: add it to env"},
		{"env[0].name=GLIDE_ADDR", "env sets GLIDE_ADDR, which the chart does: remove it"},
		{"autoscaling.enabled=true,autoscaling.minReplicas=11", "autoscaling.minReplicas 11 is above maxReplicas 10: lower it"},
		{"autoscaling.enabled=true,autoscaling.targetCPUUtilizationPercentage=0", "autoscaling has nothing to go by: set targetCPUUtilizationPercentage or metrics"},
		{"autoscaling.enabled=true,resources.requests.cpu=null", "resources.requests.cpu, which is missing: set it"},
		{"podDisruptionBudget.minAvailable=2", "podDisruptionBudget.minAvailable 2 of 2 pods lets no node be drained: lower it"},
		{"podDisruptionBudget.minAvailable=100%", "podDisruptionBudget.minAvailable 100% of 2 pods lets no node be drained"},
		{"podDisruptionBudget.maxUnavailable=null", "podDisruptionBudget.maxUnavailable 0 lets no node be drained: set 1 or more"},
		{"podDisruptionBudget.maxUnavailable=0", "podDisruptionBudget.maxUnavailable 0 lets no node be drained: set 1 or more"},
		{"spread=hard,affinity.podAntiAffinity.x=y", "set spread to soft, or remove the affinity"},
		{"ingress.enabled=true", "ingress.hosts is empty: name the hosts"},
		{"httpRoute.enabled=true", "httpRoute.parentRefs is empty: name the gateway"},
		{"prometheusRule.enabled=true", "without serviceMonitor.enabled there are no metrics, and the alert GlideGone never ends: set both"},
		{"serviceAccount.create=false", "serviceAccount.name is empty: name the account"},
	} {
		t.Run(tc.set, func(t *testing.T) {
			t.Parallel()
			output, err := run(t, "helm", "template", "glide", source, "--set-json", simulated, "--set", tc.set)
			if err == nil || !strings.Contains(output, tc.want) || strings.Contains(output, "sk-1") {
				t.Errorf("got %v, want %q in:\n%s", err, tc.want, output[:min(len(output), 600)])
			}
		})
	}
}

// TestRefusedAtOnce tells all that is wrong together.
func TestRefusedAtOnce(t *testing.T) {
	output, err := run(t, "helm", "template", "glide", source, "--set", "config.routers=null,ingress.enabled=true,httpRoute.enabled=true")
	if err == nil || strings.Count(output, "\n- ") != 3 || !strings.Contains(output, "config.routers is missing: add a router") {
		t.Errorf("three mistakes: %v\n%s", err, output)
	}
	if output, err = run(t, "helm", "template", "glide", source, "--kube-version", "1.29"); err == nil || !strings.Contains(output, "incompatible with Kubernetes") {
		t.Errorf("an old Kubernetes: %v\n%s", err, output)
	}
}

// TestRefusedFields refuses further fields that are among those that the chart writes.
func TestRefusedFields(t *testing.T) {
	written := map[string]bool{}
	for _, scenario := range scenarios(t) {
		var values struct {
			PodSpec map[string]any `yaml:"podSpec"`
			Service struct{ Spec map[string]any }
		}
		decode(t, scenario, &values)
		rendered, err := os.ReadFile(golden(scenario))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range manifests(t, string(rendered)) {
			spec, path, further := m.Spec, "service.spec.", values.Service.Spec
			switch m.Kind {
			case "Service":
			case "Deployment":
				spec, path, further = spec["template"].(map[string]any)["spec"].(map[string]any), "podSpec.", values.PodSpec
			default:
				continue
			}
			for field := range spec {
				if _, ok := further[field]; !ok {
					written[path+field] = true
				}
			}
		}
	}
	if len(written) < 15 {
		t.Fatalf("the chart writes only %v", written)
	}
	fields := slices.Sorted(maps.Keys(written))
	output, err := run(t, "helm", "template", "glide", source, "--set", strings.Join(fields, "=x,")+"=x")
	for _, field := range fields {
		if err == nil || !strings.Contains(output, "- "+field+": the chart writes this field: set the value that it is made of") {
			t.Errorf("%s is not refused: %v\n%s", field, err, output)
		}
	}
}

// TestNull takes away every default that there may be none of: what is left is the least.
func TestNull(t *testing.T) {
	values, err := chart.Values(&tree.Tree{Dir: repo.Root()})
	if err != nil {
		t.Fatal(err)
	}
	section := "config"
	var sets []string
	for _, v := range values {
		name, ok := strings.CutSuffix(v.Path, ".enabled")
		if ok {
			section = name
		}
		of := v.Schema["type"]
		if ok || !strings.HasPrefix(name+".", section+".") && (of == "array" || of == "object") {
			sets = append(sets, name+"=null")
		}
	}
	rendered := must(t, "helm", "template", "glide", source, "--skip-tests", "--set", strings.Join(sets, ","))
	var kinds []string
	for _, m := range manifests(t, rendered) {
		kinds = append(kinds, m.Kind)
	}
	if want := []string{"ServiceAccount", "ConfigMap", "Service", "Deployment"}; !slices.Equal(kinds, want) {
		t.Errorf("without %v there are %v", sets, kinds)
	}
}
