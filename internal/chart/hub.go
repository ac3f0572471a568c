package chart

import (
	"fmt"
	"strings"

	"github.com/einstack/glide/internal/changelog"
	"github.com/einstack/glide/internal/policy"
	"github.com/einstack/glide/internal/tree"
)

// annotations returns what only a release can tell Artifact Hub, as the last lines of Chart.yaml:
// the section of the changelog, the images, and whether it is a candidate. Their form is that of
// https://artifacthub.io/docs/topics/annotations/helm.
func annotations(t *tree.Tree, flavors []string) (string, error) {
	changes, err := readChanges(t)
	if err != nil {
		return "", err
	}
	channels, err := policy.Of(t.Version, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("  artifacthub.io/changes: |\n")
	security := false
	for _, c := range changes {
		fmt.Fprintf(&b, "    - kind: %s\n      description: %q\n", c.kind, c.description)
		security = security || c.kind == "security"
	}
	fmt.Fprintf(&b, "  artifacthub.io/containsSecurityUpdates: %q\n", fmt.Sprint(security))
	b.WriteString("  artifacthub.io/images: |\n")
	for _, flavor := range flavors {
		fmt.Fprintf(&b, "    - name: %s\n      image: %s:%s-%s\n", flavor, tree.Images, t.Version, flavor)
	}
	fmt.Fprintf(&b, "  artifacthub.io/prerelease: %q\n", fmt.Sprint(channels.Prerelease))
	return b.String(), nil
}

// A change is an entry of the changelog.
type change struct {
	kind        string // added, changed, deprecated, removed, fixed or security
	description string
}

// readChanges returns the entries of the version's section of CHANGELOG.md.
func readChanges(t *tree.Tree) ([]change, error) {
	log, err := changelog.Read(t.Path(tree.ChangelogFile))
	if err != nil {
		return nil, err
	}
	var changes []change
	kind, continued := "", false
	for line := range strings.Lines(log.Of(t.Version)) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "### "):
			kind, continued = strings.ToLower(strings.TrimPrefix(line, "### ")), false
		case strings.HasPrefix(line, "- "):
			changes = append(changes, change{kind, strings.TrimPrefix(line, "- ")})
			continued = true
		case strings.TrimSpace(line) == "":
			continued = false
		case continued:
			changes[len(changes)-1].description += " " + strings.TrimSpace(line)
		}
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("%s: version %s has no entries; add what has changed as lines that begin with \"- \"", tree.ChangelogFile, t.Version)
	}
	return changes, nil
}
