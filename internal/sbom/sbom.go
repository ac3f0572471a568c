// Package sbom writes bills of materials, in the forms of CycloneDX and of SPDX. That of a binary comes
// from the list of modules that the binary itself carries.
package sbom

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/einstack/glide/internal/license"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// A Kind is what sort of thing a component is, in the words of CycloneDX.
type Kind string

// The kinds of components.
const (
	Application Kind = "application"
	Library     Kind = "library"
	Container   Kind = "container"
	Data        Kind = "data"
)

// A Component is a thing that is delivered, with what it is made of.
type Component struct {
	Kind        Kind
	Name        string
	Version     string
	Description string
	URL         string // package URL
	License     string // expression of SPDX identifiers; empty if the component tells itself
	SHA256      string // hexadecimal; of a module as go.sum counts it
	Download    string // where it is published, if that is known
	Parts       []Component
}

// ref returns the name by which a document refers to the component.
func (c Component) ref() string {
	if c.URL != "" {
		return c.URL
	}
	return c.Name + "@" + c.Version
}

// A Bill is the bill of materials of a component.
type Bill struct {
	Component
	File string    // name of the document, without an extension
	Date time.Time // source date
}

// Write writes both forms of the bill of a target's binary to dir and returns their names.
func Write(k *pack.Kit, target tree.Target, dir string) ([]string, error) {
	binary, err := Binary(k, target)
	if err != nil {
		return nil, err
	}
	bill := Bill{Component: binary, File: k.Name(target), Date: k.Tree.Date}
	var names []string
	for _, form := range []struct {
		extension string
		write     func(io.Writer) error
	}{{".cdx.json", bill.CycloneDX}, {".spdx.json", bill.SPDX}} {
		name := bill.File + form.extension
		if err := pack.Write(filepath.Join(dir, name), form.write); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// Binary returns a target's binary with the modules that it is made of.
func Binary(k *pack.Kit, target tree.Target) (Component, error) {
	binary, err := k.Binary(target)
	if err != nil {
		return Component{}, err
	}
	info, err := buildinfo.Read(bytes.NewReader(binary.Content))
	if err != nil {
		return Component{}, fmt.Errorf("modules of %s: %w", target, err)
	}
	licenses, err := license.Read(k.Licenses)
	if err != nil {
		return Component{}, err
	}
	c := Component{
		Kind:     Application,
		Name:     "glide",
		Version:  k.Tree.Version,
		URL:      moduleURL(tree.Module, "v"+k.Tree.Version),
		License:  "Apache-2.0",
		SHA256:   fmt.Sprintf("%x", sha256.Sum256(binary.Content)),
		Download: pack.Homepage + "/releases/tag/v" + k.Tree.Version,
	}
	std := Module("stdlib", strings.TrimPrefix(info.GoVersion, "go"))
	std.License = licenses[license.StandardLibrary]
	c.Parts = append(c.Parts, std)
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		part := Module(module.Path, module.Version)
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:"))
		if err != nil {
			return Component{}, fmt.Errorf("%s: sum of %s: %w", target, module.Path, err)
		}
		part.SHA256 = fmt.Sprintf("%x", sum)
		var ok bool
		if part.License, ok = licenses[module.Path]; !ok {
			return Component{}, fmt.Errorf("%s: %s does not know %s; run release licenses again", target, filepath.Join(k.Licenses, license.File), module.Path)
		}
		c.Parts = append(c.Parts, part)
	}
	return c, nil
}

// Module returns a Go module.
func Module(path, version string) Component {
	return Component{Kind: Library, Name: path, Version: version, URL: moduleURL(path, version)}
}

func moduleURL(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// uuid returns an identifier that the component's content and the form of the document determine. It
// is of version 8, whose bits are free but for those that say so.
func (b Bill) uuid(form string) string {
	id := sha256.Sum256([]byte(form + b.File + b.SHA256))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
