// Package config reads Glide's configuration: one YAML file, checked in full before
// anything uses it.
//
// The types below are the only place that knows a key, its default and its meaning:
// the decoder reads the struct tags to fill in defaults and to refuse what is unknown,
// and the same tags describe the keys to people and editors. A tag `doc` is a sentence,
// `default` is a value as one would write it in the file, `enum` lists the values
// allowed, `required` marks a key that has no default, and `restart` one that is read only
// when Glide starts.
//
// A value may hold ${env:NAME} or ${file:path}, so that secrets stay out of the file.
package config

import (
	_ "embed"
)

//go:embed default.yaml
var defaultYAML []byte

// DefaultYAML returns the built-in configuration as a commented YAML file. It needs no
// key and no network.
func DefaultYAML() []byte { return defaultYAML }

// A Config is the whole configuration file.
type Config struct {
	Telemetry Telemetry `yaml:"telemetry" doc:"What Glide tells about itself."`
	API       API       `yaml:"api" doc:"How clients reach Glide."`
	Routers   Routers   `yaml:"routers" required:"true" doc:"Pools of models that clients name in a request."`

	// Files lists the absolute paths that the configuration was read from: the file
	// itself and every ${file:…}. A change of any of them is a change of the whole.
	Files []string `yaml:"-"`
}

// Telemetry configures what Glide tells about itself.
type Telemetry struct {
	Logging Logging `yaml:"logging" doc:"Logs, on standard error."`
}

// Logging configures the log.
type Logging struct {
	Level    string `yaml:"level" restart:"true" enum:"debug,info,warn,error" default:"info" doc:"The least severe level that is written. At info every request is one line."`
	Encoding string `yaml:"encoding" restart:"true" enum:"console,json" default:"json" doc:"The form of a line: for people or for machines."`
}

// API configures the ways in which clients reach Glide.
type API struct {
	HTTP      HTTP        `yaml:"http" doc:"The HTTP server."`
	WebSocket WebSocket   `yaml:"websocket" doc:"The WebSockets of /v1/language/{router}/chatStream."`
	Keys      []ClientKey `yaml:"keys" doc:"The keys of clients. Without any, everyone who reaches Glide may ask."`
}

// WebSocket configures the WebSockets.
type WebSocket struct {
	MaxConnections int      `yaml:"max_connections" default:"10000" doc:"The WebSockets that may be open at once; further ones are refused with 503."`
	MaxChats       int      `yaml:"max_chats" default:"32" doc:"The chats that may run at once on one WebSocket."`
	PingInterval   Duration `yaml:"ping_interval" default:"30s" doc:"How often a client is asked whether it is still there. One that does not answer in that time is cut off."`
}

// A ClientKey configures one client.
type ClientKey struct {
	ID       string   `yaml:"id" required:"true" doc:"The client's name in the log."`
	Hash     KeyHash  `yaml:"hash" required:"true" doc:"The SHA-256 of the client's key, as glide key new prints it."`
	Routers  []string `yaml:"routers" doc:"The routers that the client may use. Without any, all."`
	Requests Rate     `yaml:"requests" doc:"The requests that the client may make, as number/unit (ms, s, m, h). Without it, any number."`
	Tokens   Rate     `yaml:"tokens" doc:"The tokens that the client may use in both directions, as number/unit. Without it, any number."`
}

// TLS configures encryption.
type TLS struct {
	Cert     PEM `yaml:"cert" required:"true" doc:"The certificate, followed by those that lead to its authority, such as ${file:tls.crt}."`
	Key      PEM `yaml:"key" required:"true" doc:"The certificate's private key, such as ${file:tls.key}."`
	ClientCA PEM `yaml:"client_ca" doc:"The authorities, one of which must have signed a client's certificate. Without it, clients need none."`
}

// HTTP configures the HTTP server.
type HTTP struct {
	ListenAddr   Address  `yaml:"listen_addr" restart:"true" default:"127.0.0.1:9099" doc:"Where to listen, as host:port. An empty host means every interface."`
	MaxBodySize  Size     `yaml:"max_body_size" default:"32MiB" doc:"The largest request body that is read; a larger one is refused with 413."`
	TLS          *TLS     `yaml:"tls" doc:"Encryption. When the files change, new connections get the new certificate. Turning it on or off needs a restart."`
	UI           bool     `yaml:"ui" default:"true" doc:"Whether / is a status page. It shows what GET /v1/language says, to those who have a key if one is needed."`
	CORSOrigins  []string `yaml:"cors_origins" doc:"The origins whose pages may call Glide from a browser, such as https://app.example.com; * is all of them. Without any, none may."`
	ReadTimeout  Duration `yaml:"read_timeout" restart:"true" default:"30s" doc:"How long a client may take to send its headers, and again its body."`
	WriteTimeout Duration `yaml:"write_timeout" default:"30s" doc:"How long a client may take to accept one chunk of an answer."`
	IdleTimeout  Duration `yaml:"idle_timeout" restart:"true" default:"2m" doc:"How long an idle connection of a client is kept."`
	DrainDelay   Duration `yaml:"drain_delay" default:"0s" doc:"How long to go on serving after SIGTERM while /v1/health/ready says 503, so that load balancers notice."`
	DrainTimeout Duration `yaml:"drain_timeout" default:"30s" doc:"How long requests may then take to finish."`
}

// Routers holds the routers by the kind of their models.
type Routers struct {
	Language []Router `yaml:"language" required:"true" doc:"Routers for language models."`
}

// A Router is a named pool of models and the way to choose among them.
type Router struct {
	ID       string   `yaml:"id" required:"true" doc:"The name by which clients choose the router, in the request's model field."`
	Enabled  bool     `yaml:"enabled" default:"true" doc:"Whether the router exists."`
	Strategy Strategy `yaml:"strategy" default:"priority" enum:"priority,round_robin,weighted_round_robin,least_latency" doc:"How a model is chosen: priority takes the first healthy one, round_robin takes turns, weighted_round_robin takes turns by weight, least_latency takes the fastest."`
	Models   []Model  `yaml:"models" required:"true" doc:"The models of the pool."`
}

// A Strategy names the way in which a router chooses a model.
type Strategy string

// The strategies.
const (
	Priority           Strategy = "priority"
	RoundRobin         Strategy = "round_robin"
	WeightedRoundRobin Strategy = "weighted_round_robin"
	LeastLatency       Strategy = "least_latency"
)

// A Model is one model of a router: a provider with its settings. Exactly one of the
// provider fields is set; the tag provider is its name in OpenTelemetry's conventions.
type Model struct {
	ID          string       `yaml:"id" required:"true" doc:"The model's name within the router. Clients reach it alone as router/model."`
	Enabled     bool         `yaml:"enabled" default:"true" doc:"Whether the model takes part."`
	Weight      int          `yaml:"weight" default:"1" doc:"The model's share under weighted_round_robin. 0 makes it a pure fallback."`
	ErrorBudget Rate         `yaml:"error_budget" default:"10/m" doc:"The budget of failures, as number/unit (ms, s, m, h). When it is spent the model rests until a part of it has come back."`
	Latency     Latency      `yaml:"latency" doc:"How least_latency measures the model."`
	Client      Client       `yaml:"client" doc:"How Glide calls the provider."`
	OpenAI      *OpenAI      `yaml:"openai" provider:"openai" doc:"OpenAI, or anything that speaks its API."`
	AzureOpenAI *AzureOpenAI `yaml:"azure_openai" provider:"azure.ai.openai" doc:"OpenAI's models on Azure."`
	Ollama      *Ollama      `yaml:"ollama" provider:"ollama" doc:"A server of Ollama."`
	Anthropic   *Anthropic   `yaml:"anthropic" provider:"anthropic" doc:"Anthropic."`
	Bedrock     *Bedrock     `yaml:"bedrock" provider:"aws.bedrock" doc:"A model on AWS Bedrock."`
	Gemini      *Gemini      `yaml:"gemini" provider:"gcp.gemini" doc:"Google's Gemini API."`
	Cohere      *Cohere      `yaml:"cohere" provider:"cohere" doc:"Cohere."`
	Simulated   *Simulated   `yaml:"simulated" provider:"simulated" doc:"A model inside Glide itself that needs no key and no network."`
}

// Latency configures the measuring of a model's latency, which is the time to the first
// token of a stream or to the whole of a plain answer.
type Latency struct {
	Decay          float64  `yaml:"decay" default:"0.06" doc:"The weight of a new sample in the moving average, above 0 and at most 1."`
	WarmupSamples  int      `yaml:"warmup_samples" default:"3" doc:"The samples that are taken before a model is compared with others."`
	UpdateInterval Duration `yaml:"update_interval" default:"30s" doc:"The time after which a model that was not the fastest is tried again."`
}

// Client configures the calls to a provider. A timeout of 0 means none.
type Client struct {
	Timeout           Duration `yaml:"timeout" default:"10m" doc:"The longest that a plain answer may take in all, and a stream until its first content."`
	StreamTimeout     Duration `yaml:"stream_timeout" default:"0s" doc:"The longest that a stream may take in all. Without it, a stream lasts as long as it flows."`
	ConnectTimeout    Duration `yaml:"connect_timeout" default:"10s" doc:"The longest that connecting may take, TLS included."`
	FirstTokenTimeout Duration `yaml:"first_token_timeout" default:"2m" doc:"The longest to wait for the first content of a stream. A plain answer has until timeout."`
	IdleTimeout       Duration `yaml:"idle_timeout" default:"1m" doc:"The longest pause between two chunks of a stream."`
	MaxIdleConns      int      `yaml:"max_idle_connections_per_host" default:"256" doc:"The idle connections that are kept for later requests."`
	ForwardHeaders    []string `yaml:"forward_headers" doc:"Further request headers of clients that the provider gets. It never gets their credentials, cookies and proxy headers unless they are named here."`
}

// OpenAI configures a model of OpenAI, or of anything that speaks its API.
type OpenAI struct {
	Model         string            `yaml:"model" required:"true" doc:"The model's name at the provider."`
	APIKey        Secret            `yaml:"api_key" doc:"The key, sent as a bearer token. Local servers may need none."`
	BaseURL       URL               `yaml:"base_url" default:"https://api.openai.com/v1" doc:"The address under which /chat/completions lies."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send, such as OpenAI-Organization."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields that are added to a chat request that lacks them, such as temperature."`
}

// AzureOpenAI configures a deployment of one of OpenAI's models on Azure.
type AzureOpenAI struct {
	Deployment    string            `yaml:"deployment" required:"true" doc:"The deployment's name."`
	BaseURL       URL               `yaml:"base_url" required:"true" doc:"The resource's address, such as https://NAME.openai.azure.com."`
	APIVersion    string            `yaml:"api_version" default:"2024-10-21" doc:"The version of the API. Responses need 2025-03-01-preview or later."`
	APIKey        Secret            `yaml:"api_key" doc:"The key, sent as api-key. Tokens of Entra ID go into headers, as Authorization."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields that are added to a chat request that lacks them, such as temperature."`
}

// Ollama configures a model of an Ollama server.
type Ollama struct {
	Model         string            `yaml:"model" required:"true" doc:"The model's name at the server, such as llama3.2."`
	BaseURL       URL               `yaml:"base_url" default:"http://127.0.0.1:11434" doc:"The server's address. A path of /api or /v1 at its end is left out."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send, such as those that a proxy in front wants."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields of Ollama's own API that are added to a request that lacks them, for embeddings too: keep_alive, think, truncate, shift, format, and options, such as num_ctx, which is filled in member by member."`
}

// Anthropic configures a model of Anthropic.
type Anthropic struct {
	Model         string            `yaml:"model" required:"true" doc:"The model's name at the provider."`
	APIKey        Secret            `yaml:"api_key" doc:"The key, sent as x-api-key."`
	BaseURL       URL               `yaml:"base_url" default:"https://api.anthropic.com/v1" doc:"The address under which /messages lies."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send, such as anthropic-beta."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields that are added to a chat request that lacks them. Clients of OpenAI's API may leave out max_tokens, which Anthropic needs."`
}

// Bedrock configures a model on AWS Bedrock. What is left out of the credentials and the
// region comes from the environment, by the names that AWS' tools know.
type Bedrock struct {
	Model           string            `yaml:"model" required:"true" doc:"The id or ARN of the model or inference profile, such as us.anthropic.claude-sonnet-4-5-20250929-v1:0."`
	Region          string            `yaml:"region" doc:"The region, such as us-east-1. Without it AWS_REGION or AWS_DEFAULT_REGION."`
	APIKey          Secret            `yaml:"api_key" doc:"A key of Bedrock, sent as a bearer token. Without it, and without access_key_id, AWS_BEARER_TOKEN_BEDROCK."`
	AccessKeyID     string            `yaml:"access_key_id" doc:"The id of the access key that signs requests. Without it AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."`
	SecretAccessKey Secret            `yaml:"secret_access_key" doc:"The access key itself."`
	SessionToken    Secret            `yaml:"session_token" doc:"The token that temporary access keys have."`
	BaseURL         URL               `yaml:"base_url" doc:"The address under which /model lies. Without it the region's public one."`
	Headers         map[string]Secret `yaml:"headers" doc:"Further headers to send."`
	DefaultParams   map[string]JSON   `yaml:"default_params" doc:"Fields of Converse that are added to a chat request that lacks them, such as guardrailConfig; inferenceConfig is filled in member by member."`
}

// Gemini configures a model of Google's Gemini API.
type Gemini struct {
	Model         string            `yaml:"model" required:"true" doc:"The model's name at the provider, such as gemini-2.5-flash."`
	APIKey        Secret            `yaml:"api_key" doc:"The key, sent as x-goog-api-key."`
	BaseURL       URL               `yaml:"base_url" default:"https://generativelanguage.googleapis.com/v1beta" doc:"The address under which /models lies."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields of generateContent that are added to a chat request that lacks them, such as safetySettings; generationConfig is filled in member by member."`
}

// Cohere configures a model of Cohere.
type Cohere struct {
	Model         string            `yaml:"model" required:"true" doc:"The model's name at the provider."`
	APIKey        Secret            `yaml:"api_key" doc:"The key, sent as a bearer token."`
	BaseURL       URL               `yaml:"base_url" default:"https://api.cohere.com/v2" doc:"The address under which /chat lies."`
	InputType     string            `yaml:"input_type" enum:"search_document,search_query,classification,clustering" default:"search_document" doc:"What embeddings are for, unless the request says it in a field input_type."`
	Headers       map[string]Secret `yaml:"headers" doc:"Further headers to send."`
	DefaultParams map[string]JSON   `yaml:"default_params" doc:"Fields that are added to a chat request that lacks them, such as safety_mode."`
}

// Simulated configures the model that Glide plays itself.
type Simulated struct {
	Model           string   `yaml:"model" default:"simulated" doc:"The name that answers carry."`
	Latency         Duration `yaml:"latency" default:"0s" doc:"The time before the first token."`
	TokensPerSecond float64  `yaml:"tokens_per_second" default:"0" doc:"The pace of the tokens. 0 means all at once."`
	ErrorRate       float64  `yaml:"error_rate" default:"0" doc:"The share of requests that fail, from 0 to 1. Failures are evenly spread: at 0.25 every fourth request fails."`
	ErrorStatus     int      `yaml:"error_status" default:"500" doc:"The HTTP status of a failure."`
	RetryAfter      Duration `yaml:"retry_after" default:"0s" doc:"The Retry-After of a failure. 0 means none."`
	Text            string   `yaml:"text" doc:"The answer. Without it the model repeats what it was told."`
}
