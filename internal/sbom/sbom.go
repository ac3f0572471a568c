// Package sbom writes the bill of materials of a binary, in the forms of CycloneDX and of SPDX, from
// the list of modules that the binary itself carries.
package sbom

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/einstack/glide/internal/license"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// An inventory is what a binary is made of.
type inventory struct {
	tree   *tree.Tree
	name   string // of the target's packages
	digest string // SHA-256 of the binary, hexadecimal
	parts  []part
}

// A part is a module of a binary, or the standard library.
type part struct {
	path    string
	version string
	sum     string // SHA-256 of the module as go.sum counts it, hexadecimal; none for the standard library
	spdx    string // licence
}

// purl returns the part's package URL.
func (p part) purl() string {
	return "pkg:golang/" + p.path + "@" + strings.ReplaceAll(p.version, "+", "%2B")
}

// Write writes both bills of a target's binary to dir and returns their names.
func Write(k *pack.Kit, target tree.Target, dir string) ([]string, error) {
	inv, err := take(k, target)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, form := range []struct {
		extension string
		document  any
	}{
		{".cdx.json", inv.cycloneDX()},
		{".spdx.json", inv.spdx()},
	} {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(form.document); err != nil {
			return nil, err
		}
		name := inv.name + form.extension
		if err := pack.WriteBytes(filepath.Join(dir, name), text.Bytes()); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func take(k *pack.Kit, target tree.Target) (*inventory, error) {
	binary, err := k.Binary(target)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(binary.Content))
	if err != nil {
		return nil, fmt.Errorf("modules of %s: %w", target, err)
	}
	licenses, err := license.Read(k.Licenses)
	if err != nil {
		return nil, err
	}
	inv := &inventory{tree: k.Tree, name: k.Name(target), digest: fmt.Sprintf("%x", sha256.Sum256(binary.Content))}
	std := part{path: "stdlib", version: strings.TrimPrefix(info.GoVersion, "go"), spdx: licenses[license.StandardLibrary]}
	inv.parts = append(inv.parts, std)
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:"))
		if err != nil {
			return nil, fmt.Errorf("%s: sum of %s: %w", target, module.Path, err)
		}
		spdx, ok := licenses[module.Path]
		if !ok {
			return nil, fmt.Errorf("%s: %s does not know %s; run release licenses again", target, filepath.Join(k.Licenses, license.File), module.Path)
		}
		inv.parts = append(inv.parts, part{module.Path, module.Version, fmt.Sprintf("%x", sum), spdx})
	}
	return inv, nil
}

// uuid returns an identifier that the binary's content and the form of the document determine. It is
// of version 8, whose bits are free but for those that say so.
func (inv *inventory) uuid(form string) string {
	id := sha256.Sum256([]byte(form + inv.name + inv.digest))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
