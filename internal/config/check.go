package config

import (
	"cmp"
	"fmt"
	"net/textproto"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// MaxModels is the largest number of models in a router.
const MaxModels = 64

// check records what is wrong although every single value is well-formed.
func (d *decoder) check(cfg *Config) {
	const path = "routers.language"
	d.checkAPI(&cfg.API)
	d.checkKeys(cfg.API.Keys, cfg.Routers.Language)
	if routers := cfg.Routers.Language; len(routers) > 0 && !slices.ContainsFunc(routers, func(r Router) bool { return r.Enabled }) {
		d.problem(path, "has no enabled router", "add one; glide config default prints an example")
	}
	seen := map[string]int{}
	for i := range cfg.Routers.Language {
		router, at := &cfg.Routers.Language[i], fmt.Sprintf("%s[%d]", path, i)
		d.checkID(at+".id", router.ID, seen)
		d.checkRouter(at, router)
	}
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// isID reports whether id can be part of a model's name and of a URL.
func isID(id string) bool {
	other := func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("._:-", r) }
	return len(id) <= 128 && !strings.ContainsFunc(id, other) && !strings.ContainsRune("._:-", rune(id[0]))
}

func (d *decoder) checkID(path, id string, seen map[string]int) {
	if id == "" {
		return // reported as missing
	}
	switch first, twice := seen[id]; {
	case !isID(id):
		d.problem(path, fmt.Sprintf("%q is not a name", id), "use letters, digits and . _ : - with a letter or digit first")
	case twice:
		d.problem(path, fmt.Sprintf("%q is taken by line %d", id, first), "give each its own id")
	}
	seen[id] = d.lines[path]
}

func (d *decoder) checkRouter(path string, r *Router) {
	if len(r.Models) > 0 && !slices.ContainsFunc(r.Models, func(m Model) bool { return m.Enabled }) {
		d.problem(path+".models", "has no enabled model", "add one; glide config default prints an example")
	}
	if len(r.Models) > MaxModels {
		d.problem(path+".models", fmt.Sprintf("has %d models", len(r.Models)), fmt.Sprintf("keep at most %d, or split the router", MaxModels))
	}
	seen := map[string]int{}
	weights := 0
	for i := range r.Models {
		model, at := &r.Models[i], fmt.Sprintf("%s.models[%d]", path, i)
		d.checkID(at+".id", model.ID, seen)
		d.checkModel(at, model)
		weights += max(model.Weight, 0)
	}
	if r.Strategy == WeightedRoundRobin && len(r.Models) > 0 && weights == 0 {
		d.problem(path+".strategy", "weighted_round_robin has only weights of 0", "give at least one model a weight")
	}
}

func (d *decoder) checkModel(path string, m *Model) {
	d.within(path+".weight", float64(m.Weight), 0, 1e6)
	d.within(path+".latency.decay", m.Latency.Decay, 1e-6, 1)
	d.within(path+".latency.warmup_samples", float64(m.Latency.WarmupSamples), 1, 1000)
	d.within(path+".client.max_idle_connections_per_host", float64(m.Client.MaxIdleConns), 1, 1e5)
	var given []string
	for name := range m.providers() {
		given = append(given, name)
	}
	switch len(given) {
	case 1:
	case 0:
		// An unknown key beside is most likely a mistyped provider, and is reported.
		d.problem(path, "has no provider", "add one of "+strings.Join(providerNames(), ", "))
	default:
		d.problem(path, "has more than one provider: "+strings.Join(given, ", "), "make a model of each")
	}
	for name, settings := range m.providers() {
		d.checkDefaults(path+"."+name+".default_params", settings)
		d.checkHeaders(path+"."+name+".headers", settings)
	}
	if o := m.Ollama; o != nil {
		d.checkOllama(path+".ollama.default_params", o.DefaultParams)
	}
	if b := m.Bedrock; b != nil {
		d.completeBedrock(path+".bedrock", b)
	}
	if s := m.Simulated; s != nil {
		d.within(path+".simulated.tokens_per_second", s.TokensPerSecond, 0, 1e9)
		d.within(path+".simulated.error_rate", s.ErrorRate, 0, 1)
		d.within(path+".simulated.error_status", float64(s.ErrorStatus), 400, 599)
	}
}

// checkOllama looks for default parameters that a server of Ollama would pass over without
// a word: what OpenAI's API has beside the messages, Ollama's has as options.
func (d *decoder) checkOllama(path string, defaults map[string]JSON) {
	known := []string{"format", "keep_alive", "options", "shift", "think", "truncate"}
	for name := range defaults {
		if !slices.Contains(append(known, perRequest...), name) {
			d.problem(path+"."+name, "is no field of Ollama's API", "use "+strings.Join(known, ", ")+"; what tunes the model, such as temperature, num_ctx and num_predict, is part of options")
		}
	}
}

// completeBedrock takes from the environment what the file leaves out, as AWS' own tools
// do.
func (d *decoder) completeBedrock(path string, b *Bedrock) {
	if b.Region == "" {
		b.Region = cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	}
	if b.Region == "" {
		d.problem(path, "has no region", "add one, such as us-east-1, or set AWS_REGION")
	}
	if b.BaseURL.Host == "" {
		b.BaseURL.URL = url.URL{Scheme: "https", Host: "bedrock-runtime." + b.Region + ".amazonaws.com"}
	}
	if b.APIKey.Empty() && b.AccessKeyID == "" {
		b.APIKey = NewSecret(os.Getenv("AWS_BEARER_TOKEN_BEDROCK"))
	}
	if b.APIKey.Empty() && b.AccessKeyID == "" {
		b.AccessKeyID, b.SecretAccessKey = os.Getenv("AWS_ACCESS_KEY_ID"), NewSecret(os.Getenv("AWS_SECRET_ACCESS_KEY"))
		b.SessionToken = NewSecret(os.Getenv("AWS_SESSION_TOKEN"))
	}
	if b.APIKey.Empty() && (b.AccessKeyID == "" || b.SecretAccessKey.Empty()) {
		d.problem(path, "has no credentials", "add api_key, or access_key_id and secret_access_key, or set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
}

// perRequest lists the fields that cannot have a default.
var perRequest = []string{"model", "stream", "messages"}

// checkDefaults looks at the default parameters of a provider that has some.
func (d *decoder) checkDefaults(path string, settings any) {
	field := reflect.ValueOf(settings).Elem().FieldByName("DefaultParams")
	if !field.IsValid() {
		return
	}
	defaults := field.Interface().(map[string]JSON)
	for _, name := range perRequest {
		if _, ok := defaults[name]; ok {
			d.problem(path+"."+name, "cannot have a default", "remove it; every request says it itself")
		}
	}
}

// ownHeaders lists the headers that an HTTP client writes by itself, whatever it is told.
var ownHeaders = []string{"Content-Length", "Host", "Trailer", "Transfer-Encoding"}

// checkHeaders looks at the further headers of a provider that has some.
func (d *decoder) checkHeaders(path string, settings any) {
	field := reflect.ValueOf(settings).Elem().FieldByName("Headers")
	if !field.IsValid() {
		return
	}
	other := func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) }
	for name := range field.Interface().(map[string]Secret) {
		switch {
		case name == "" || strings.ContainsFunc(name, other):
			d.problem(path+"."+name, "is not the name of a header", "use letters, digits and hyphens")
		case slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(name)):
			d.problem(path+"."+name, "is a header that Glide writes itself", "remove it; base_url says where requests go")
		}
	}
}

func (d *decoder) within(path string, value, least, most float64) {
	// The negation catches NaN, which compares false with everything.
	if !(value >= least && value <= most) {
		d.problem(path, fmt.Sprintf("%v is out of range", value), fmt.Sprintf("use a number from %v to %v", least, most))
	}
}

// providers yields the name and the settings of each provider that the model has.
func (m *Model) providers() func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		v := reflect.ValueOf(m).Elem()
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.Tag.Get("provider") != "" && !v.Field(i).IsNil() && !yield(field.Tag.Get("yaml"), v.Field(i).Interface()) {
				return
			}
		}
	}
}

// Provider returns the name of the model's provider and a pointer to its settings.
func (m *Model) Provider() (name string, settings any) {
	for name, settings = range m.providers() {
		break
	}
	return name, settings
}

// A Target is a model as the world outside of Glide knows it.
type Target struct {
	System string // the provider's name in OpenTelemetry's conventions
	Model  string // as the provider calls it
	Host   string // empty for a simulated one
	Port   int
}

// Target returns what the model calls.
func (m *Model) Target() (out Target) {
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		system := v.Type().Field(i).Tag.Get("provider")
		if system == "" || v.Field(i).IsNil() {
			continue
		}
		out.System = system
		settings := v.Field(i).Elem()
		for _, name := range []string{"Model", "Deployment"} {
			if field := settings.FieldByName(name); field.IsValid() {
				out.Model = field.String()
			}
		}
		if base := settings.FieldByName("BaseURL"); base.IsValid() {
			u := base.Interface().(URL)
			out.Host, out.Port = u.Hostname(), 80
			if u.Scheme == "https" {
				out.Port = 443
			}
			if port, err := strconv.Atoi(u.Port()); err == nil {
				out.Port = port
			}
		}
	}
	return out
}

func providerNames() []string {
	var names []string
	for field := range reflect.TypeFor[Model]().Fields() {
		if field.Tag.Get("provider") != "" {
			names = append(names, field.Tag.Get("yaml"))
		}
	}
	return names
}
