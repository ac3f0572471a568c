package sbom

import (
	"cmp"
	"encoding/json"
	"io"
	"regexp"
	"time"

	"github.com/einstack/glide/internal/pack"
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
		References       []spdxRef      `json:"externalRefs,omitempty"`
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

// unknown is what SPDX has for a fact that a document does not tell.
const unknown = "NOASSERTION"

// The purposes of packages by their kinds.
var purposes = map[Kind]string{Application: "APPLICATION", Library: "LIBRARY", Container: "CONTAINER"}

// What an identifier of SPDX may not hold.
var notSPDX = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// SPDX writes the bill as JSON of SPDX 2.3.
func (b Bill) SPDX(w io.Writer) error {
	const documentID = "SPDXRef-DOCUMENT"
	document := spdxDocument{
		Version:     "SPDX-2.3",
		DataLicense: "CC0-1.0",
		ID:          documentID,
		Name:        b.File,
		Namespace:   pack.Homepage + "/spdx/" + b.File + "-" + b.uuid("spdx"),
		CreationInfo: spdxCreation{
			Created:  b.Date.Format(time.RFC3339),
			Creators: []string{"Organization: EinStack", "Tool: release"},
		},
	}
	relate := func(element, kind, related string) {
		document.Relationships = append(document.Relationships, spdxRelationship{element, kind, related})
	}
	var add func(Component) string
	add = func(c Component) string {
		pkg := c.spdx()
		document.Packages = append(document.Packages, pkg)
		for _, part := range c.Parts {
			relate(pkg.ID, "DEPENDS_ON", add(part))
		}
		return pkg.ID
	}
	relate(documentID, "DESCRIBES", add(b.Component))
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

func (c Component) spdx() spdxPackage {
	pkg := spdxPackage{
		ID:               "SPDXRef-" + notSPDX.ReplaceAllString(c.Name+"-"+c.Version, "-"),
		Name:             c.Name,
		Version:          c.Version,
		DownloadLocation: cmp.Or(c.Download, unknown),
		LicenseDeclared:  cmp.Or(c.License, unknown),
		LicenseConcluded: cmp.Or(c.License, unknown),
		Copyright:        unknown,
		Purpose:          cmp.Or(purposes[c.Kind], "OTHER"),
	}
	if c.SHA256 != "" {
		pkg.Checksums = []spdxChecksum{{"SHA256", c.SHA256}}
	}
	if c.URL != "" {
		pkg.References = []spdxRef{{"PACKAGE-MANAGER", "purl", c.URL}}
	}
	return pkg
}
