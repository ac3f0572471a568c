package lock

import (
	"github.com/einstack/glide/internal/chart"
	"github.com/einstack/glide/internal/tree"
)

// chartMetadata returns the chart's Chart.yaml.
func chartMetadata(t *tree.Tree) (file, error) {
	content, err := chart.Metadata(t)
	return file{chart.Dir + "/Chart.yaml", content}, err
}

// chartSchema returns the schema of the chart's values.
func chartSchema(t *tree.Tree) (file, error) {
	values, err := chart.Values(t)
	if err != nil {
		return file{}, err
	}
	content, err := chart.Schema(values)
	return file{chart.Dir + "/values.schema.json", content}, err
}

// chartReadme returns the chart's README with its table of values.
func chartReadme(t *tree.Tree) (file, error) {
	values, err := chart.Values(t)
	if err != nil {
		return file{}, err
	}
	table, err := chart.Reference(values)
	if err != nil {
		return file{}, err
	}
	return page(t, chart.Dir+"/README.md", "values", table)
}

// chartDashboard returns the chart's dashboard for Grafana.
func chartDashboard() (file, error) {
	content, err := chart.Dashboard()
	return file{chart.Dir + "/dashboards/glide.json", content}, err
}

// kustomize returns the manifests for those who do not use Helm.
func kustomize(t *tree.Tree) (file, error) {
	content, err := chart.Kustomize(t)
	return file{chart.KustomizeFile, content}, err
}
