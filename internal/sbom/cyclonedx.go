package sbom

import (
	"time"

	"github.com/einstack/glide/internal/tree"
)

// The parts of CycloneDX 1.6 that a list of modules needs.
type (
	cdxDocument struct {
		Format       string          `json:"bomFormat"`
		SpecVersion  string          `json:"specVersion"`
		SerialNumber string          `json:"serialNumber"`
		Version      int             `json:"version"`
		Metadata     cdxMetadata     `json:"metadata"`
		Components   []cdxComponent  `json:"components"`
		Dependencies []cdxDependency `json:"dependencies"`
	}
	cdxMetadata struct {
		Timestamp string       `json:"timestamp"`
		Component cdxComponent `json:"component"`
	}
	cdxComponent struct {
		Ref      string       `json:"bom-ref"`
		Type     string       `json:"type"`
		Name     string       `json:"name"`
		Version  string       `json:"version"`
		Hashes   []cdxHash    `json:"hashes,omitempty"`
		Licenses []cdxLicense `json:"licenses"`
		PURL     string       `json:"purl"`
	}
	cdxHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	cdxLicense struct {
		Expression string `json:"expression"`
	}
	cdxDependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

func (inv *inventory) cycloneDX() cdxDocument {
	purl := "pkg:golang/" + tree.Module + "@v" + inv.tree.Version
	document := cdxDocument{
		Format:       "CycloneDX",
		SpecVersion:  "1.6",
		SerialNumber: "urn:uuid:" + inv.uuid("cyclonedx"),
		Version:      1,
		Metadata: cdxMetadata{
			Timestamp: inv.tree.Date.Format(time.RFC3339),
			Component: cdxComponent{
				Ref:      purl,
				Type:     "application",
				Name:     "glide",
				Version:  inv.tree.Version,
				Hashes:   []cdxHash{{"SHA-256", inv.digest}},
				Licenses: []cdxLicense{{"Apache-2.0"}},
				PURL:     purl,
			},
		},
	}
	dependsOn := []string{}
	for _, part := range inv.parts {
		component := cdxComponent{
			Ref:      part.purl(),
			Type:     "library",
			Name:     part.path,
			Version:  part.version,
			Licenses: []cdxLicense{{part.spdx}},
			PURL:     part.purl(),
		}
		if part.sum != "" {
			component.Hashes = []cdxHash{{"SHA-256", part.sum}}
		}
		document.Components = append(document.Components, component)
		dependsOn = append(dependsOn, component.Ref)
	}
	// A binary tells what it is made of, not which module asked for which.
	document.Dependencies = []cdxDependency{{purl, dependsOn}}
	return document
}
