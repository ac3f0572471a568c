package chart

import "encoding/json"

// A panel is a graph of the dashboard: a query for Prometheus, and how its series are called.
type panel struct {
	title, unit, query, legend string
}

// of chooses the pods, by the variables of the dashboard.
const of = `namespace=~"$namespace", service=~"$service"`

var panels = []panel{
	{"Requests", "reqps", `sum by (gen_ai_operation_name, status) (rate(glide_requests_total{` + of + `}[$__rate_interval]))`, "{{gen_ai_operation_name}} {{status}}"},
	{"Errors", "percentunit", `sum by (router) (rate(glide_requests_total{` + of + `, status=~"5.."}[$__rate_interval])) / sum by (router) (rate(glide_requests_total{` + of + `}[$__rate_interval]))`, "{{router}}"},
	{"Requests that are being answered", "short", `sum by (pod) (glide_requests_running{` + of + `})`, "{{pod}}"},
	{"Models that may be asked, by share of the pods", "percentunit", `avg by (model) (glide_model_ready{` + of + `})`, "{{model}}"},
	{"Time to the first content, 95th percentile", "s", `histogram_quantile(0.95, sum by (le, model) (rate(gen_ai_server_time_to_first_token_seconds_bucket{` + of + `}[$__rate_interval])))`, "{{model}}"},
	{"Duration of calls to providers, 95th percentile", "s", `histogram_quantile(0.95, sum by (le, model) (rate(gen_ai_client_operation_duration_seconds_bucket{` + of + `}[$__rate_interval])))`, "{{model}}"},
	{"Tokens", "short", `sum by (model, gen_ai_token_type) (rate(gen_ai_client_token_usage_sum{` + of + `}[$__rate_interval]))`, "{{model}} {{gen_ai_token_type}}"},
	{"Attempts that another model took over", "reqps", `sum by (model, error_type) (rate(glide_fallbacks_total{` + of + `}[$__rate_interval]))`, "{{model}} {{error_type}}"},
}

// Dashboard returns the dashboard for Grafana.
func Dashboard() ([]byte, error) {
	type object = map[string]any
	source := object{"type": "prometheus", "uid": "${source}"}
	variable := func(name, query string) object {
		return object{
			"name": name, "type": "query", "datasource": source, "query": query, "refresh": 2,
			"includeAll": true, "multi": true, "current": object{"text": "All", "value": "$__all"},
		}
	}
	graphs := []object{}
	for i, p := range panels {
		graphs = append(graphs, object{
			"id": i + 1, "type": "timeseries", "title": p.title, "datasource": source,
			"gridPos":     object{"x": i % 2 * 12, "y": i / 2 * 8, "w": 12, "h": 8},
			"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0}, "overrides": []any{}},
			"targets":     []object{{"refId": "A", "datasource": source, "expr": p.query, "legendFormat": p.legend}},
		})
	}
	text, err := json.MarshalIndent(object{
		"title": "Glide", "uid": "glide", "tags": []string{"llm"}, "schemaVersion": 39,
		"time": object{"from": "now-1h", "to": "now"}, "refresh": "30s",
		"templating": object{"list": []object{
			{"name": "source", "type": "datasource", "query": "prometheus"},
			variable("namespace", "label_values(glide_build_info, namespace)"),
			variable("service", `label_values(glide_build_info{namespace=~"$namespace"}, service)`),
		}},
		"panels": graphs,
	}, "", "  ")
	return append(text, '\n'), err
}
