package sbom

import (
	"regexp"
	"time"

	"github.com/einstack/glide/internal/tree"
)

// The parts of SPDX 2.3 that a list of modules needs.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		DataLicense   string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		CreationInfo  spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID               string         `json:"SPDXID"`
		Name             string         `json:"name"`
		Version          string         `json:"versionInfo"`
		DownloadLocation string         `json:"downloadLocation"`
		FilesAnalyzed    bool           `json:"filesAnalyzed"`
		Checksums        []spdxChecksum `json:"checksums,omitempty"`
		LicenseDeclared  string         `json:"licenseDeclared"`
		LicenseConcluded string         `json:"licenseConcluded"`
		Copyright        string         `json:"copyrightText"`
		Purpose          string         `json:"primaryPackagePurpose"`
		References       []spdxRef      `json:"externalRefs"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

// What an identifier of SPDX may not hold.
var notSPDX = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func (inv *inventory) spdx() spdxDocument {
	const documentID = "SPDXRef-DOCUMENT"
	document := spdxDocument{
		Version:     "SPDX-2.3",
		DataLicense: "CC0-1.0",
		ID:          documentID,
		Name:        inv.name,
		Namespace:   "https://" + tree.Module + "/spdx/" + inv.name + "-" + inv.uuid("spdx"),
		CreationInfo: spdxCreation{
			Created:  inv.tree.Date.Format(time.RFC3339),
			Creators: []string{"Organization: EinStack", "Tool: release-" + inv.tree.Version},
		},
	}
	add := func(p part, sum, purpose, download string) string {
		id := "SPDXRef-" + notSPDX.ReplaceAllString(p.path+"-"+p.version, "-")
		pkg := spdxPackage{
			ID:               id,
			Name:             p.path,
			Version:          p.version,
			DownloadLocation: download,
			LicenseDeclared:  p.spdx,
			LicenseConcluded: p.spdx,
			Copyright:        "NOASSERTION",
			Purpose:          purpose,
			References:       []spdxRef{{"PACKAGE-MANAGER", "purl", p.purl()}},
		}
		if sum != "" {
			pkg.Checksums = []spdxChecksum{{"SHA256", sum}}
		}
		document.Packages = append(document.Packages, pkg)
		return id
	}
	relate := func(element, kind, related string) {
		document.Relationships = append(document.Relationships, spdxRelationship{element, kind, related})
	}

	glide := part{path: tree.Module, version: "v" + inv.tree.Version, spdx: "Apache-2.0"}
	self := add(glide, inv.digest, "APPLICATION", "https://"+tree.Module+"/releases/tag/"+glide.version)
	relate(documentID, "DESCRIBES", self)
	for _, p := range inv.parts {
		relate(self, "DEPENDS_ON", add(p, p.sum, "LIBRARY", "NOASSERTION"))
	}
	return document
}
