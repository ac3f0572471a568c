package channels

import (
	"archive/zip"
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"sync"
)

// NuGet is a gallery of packages with the second version of NuGet's API, as Chocolatey's.
type NuGet struct {
	URL string

	mu         sync.Mutex
	packages   map[string][]byte // by version
	moderating bool
}

func newNuGet() *NuGet { return &NuGet{packages: map[string][]byte{}} }

// Tamper flips a bit of a package, whose hash then is another.
func (n *NuGet) Tamper(version string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.packages[version] = slices.Clone(n.packages[version])
	n.packages[version][0] ^= 1
}

// SetModerating says whether an older version waits for its moderators, so that no other is taken.
func (n *NuGet) SetModerating(moderating bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.moderating = moderating
}

var query = regexp.MustCompile(`^/api/v2/Packages\(Id='glide',Version='([^']+)'\)$`)

func (n *NuGet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && path.Clean(r.URL.Path) == "/api/v2/package" {
		n.push(w, r)
		return
	}
	if r.Header.Get("X-NuGet-ApiKey") != "" {
		http.Error(w, "the test wants no key here", http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if found := query.FindStringSubmatch(r.URL.Path); found != nil {
		content, ok := n.packages[found[1]]
		if !ok {
			http.Error(w, "Resource not found", http.StatusNotFound)
			return
		}
		sum := sha512.Sum512(content)
		w.Header().Set("Content-Type", "application/atom+xml;type=entry;charset=utf-8")
		fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?>
<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
  <id>%s/api/v2/Packages(Id='glide',Version='%s')</id>
  <content type="application/zip" src="%s/api/v2/package/glide/%s" />
  <m:properties>
    <d:Version>%s</d:Version>
    <d:PackageHash>%s</d:PackageHash>
    <d:PackageHashAlgorithm>SHA512</d:PackageHashAlgorithm>
    <d:PackageSize m:type="Edm.Int64">%d</d:PackageSize>
    <d:PackageStatus>Submitted</d:PackageStatus>
    <d:IsApproved m:type="Edm.Boolean">false</d:IsApproved>
  </m:properties>
</entry>
`, n.URL, found[1], n.URL, found[1], found[1], base64.StdEncoding.EncodeToString(sum[:]), len(content))
		return
	}
	if content, ok := n.packages[path.Base(r.URL.Path)]; ok && path.Dir(r.URL.Path) == "/api/v2/package/glide" {
		_, _ = w.Write(content)
		return
	}
	http.NotFound(w, r)
}

func (n *NuGet) push(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-NuGet-ApiKey") != Secret {
		http.Error(w, "The specified API key is invalid", http.StatusForbidden)
		return
	}
	form, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	part, err := form.NextPart()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	content, err := io.ReadAll(part)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, err := form.NextPart(); err != io.EOF {
		http.Error(w, "one part is wanted", http.StatusBadRequest)
		return
	}
	version, err := versionOf(content)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.packages[version] != nil:
		http.Error(w, "A package with this id and version exists and cannot be modified", http.StatusConflict)
	case n.moderating:
		http.Error(w, "A previous version is waiting for moderation", http.StatusForbidden)
	default:
		n.packages[version] = content
		w.WriteHeader(http.StatusCreated)
	}
}

// versionOf reads the version of a package from its nuspec.
func versionOf(content []byte) (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return "", err
	}
	spec, err := archive.Open("glide.nuspec")
	if err != nil {
		return "", err
	}
	defer spec.Close()
	var nuspec struct {
		ID      string `xml:"metadata>id"`
		Version string `xml:"metadata>version"`
	}
	err = xml.NewDecoder(spec).Decode(&nuspec)
	return nuspec.Version, err
}
