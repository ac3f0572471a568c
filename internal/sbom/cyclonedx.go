package sbom

import (
	"io"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// CycloneDX writes the bill as JSON of CycloneDX 1.6.
func (b Bill) CycloneDX(w io.Writer) error {
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + b.uuid("cyclonedx")
	self := b.cycloneDX()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: b.Date.Format(time.RFC3339), Component: &self}

	// A binary tells what it is made of, not which module asked for which.
	var components []cyclonedx.Component
	var dependencies []cyclonedx.Dependency
	var add func(Component)
	add = func(c Component) {
		if len(c.Parts) == 0 {
			return
		}
		var refs []string
		for _, part := range c.Parts {
			components = append(components, part.cycloneDX())
			refs = append(refs, part.ref())
		}
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: c.ref(), Dependencies: &refs})
		for _, part := range c.Parts {
			add(part)
		}
	}
	add(b.Component)
	bom.Components, bom.Dependencies = &components, &dependencies

	encoder := cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON)
	return encoder.SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
}

func (c Component) cycloneDX() cyclonedx.Component {
	component := cyclonedx.Component{
		BOMRef:      c.ref(),
		Type:        cyclonedx.ComponentType(c.Kind),
		Name:        c.Name,
		Version:     c.Version,
		Description: c.Description,
		PackageURL:  c.URL,
	}
	if c.License != "" {
		component.Licenses = &cyclonedx.Licenses{{Expression: c.License}}
	}
	if c.SHA256 != "" {
		component.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: c.SHA256}}
	}
	return component
}
