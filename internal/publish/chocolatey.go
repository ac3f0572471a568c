package publish

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"

	"github.com/einstack/glide/internal/manifest"
)

// A chocolatey channel is a gallery of NuGet packages. It is asked by the second version of NuGet's
// API, and given packages by its push, as learn.microsoft.com/nuget/api/package-publish-resource has it.
type chocolatey struct {
	release *Release
	push    string
	feed    string
	public  *client // has no key
	pusher  *client
}

// The community gallery takes packages at one host and gives them at another.
const (
	communityPush = "https://push.chocolatey.org"
	communityFeed = "https://community.chocolatey.org"
)

func newChocolatey(r *Release, place string) (Channel, error) {
	key, err := r.secret("CHOCOLATEY_API_KEY")
	header := http.Header{}
	if key != "" {
		header.Set("X-Nuget-Apikey", key)
	}
	feed := place
	if place == communityPush {
		feed = communityFeed
	}
	return &chocolatey{r, place, feed, newClient(r, http.Header{}), newClient(r, header)}, err
}

func (c *chocolatey) Name() string  { return "chocolatey" }
func (c *chocolatey) Place() string { return c.push }

func (c *chocolatey) Plan(ctx context.Context) ([]Stage, error) {
	places, err := c.release.places(nil)
	if err != nil {
		return nil, err
	}
	var stage Stage
	for _, artifact := range c.release.For(c.Name()) {
		item, err := c.item(ctx, artifact, places.Chocolatey)
		if err != nil {
			return nil, err
		}
		stage = append(stage, item)
	}
	return []Stage{stage}, nil
}

// An entry is what the gallery says of a package.
type entry struct {
	Hash      string `xml:"properties>PackageHash"`
	Algorithm string `xml:"properties>PackageHashAlgorithm"`
	Status    string `xml:"properties>PackageStatus"`
	Content   struct {
		Source string `xml:"src,attr"`
	} `xml:"content"`
}

func (c *chocolatey) item(ctx context.Context, artifact manifest.Artifact, version string) (Item, error) {
	file := c.release.path(artifact.Name)
	item := Item{Name: artifact.Name, Size: artifact.Size, State: Absent, Put: func(ctx context.Context) error { return c.put(ctx, file) }}
	res, err := c.public.do(ctx, http.MethodGet, c.feed+"/api/v2/Packages(Id='glide',Version='"+url.PathEscape(version)+"')", nil, 0, "")
	if refused(err, http.StatusNotFound) {
		return item, nil
	}
	if err != nil {
		return item, err
	}
	defer res.Body.Close()
	var found entry
	if err := xml.NewDecoder(res.Body).Decode(&found); err != nil {
		return item, fmt.Errorf("what the gallery says of %s: %w", artifact.Name, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return item, err
	}
	sum := sha512.Sum512(content)
	want := base64.StdEncoding.EncodeToString(sum[:])
	switch {
	case found.Status == "Rejected":
		item.State, item.Detail = Different, "the moderators have rejected it"
	case found.Algorithm == "SHA512" && found.Hash == want:
		item.State = Equal
	default:
		item.State, item.Detail = Different, fmt.Sprintf("the gallery says %s %s, not SHA512 %s", found.Algorithm, found.Hash, want)
	}
	if found.Content.Source != "" {
		item.Check = func(ctx context.Context) error { return c.public.same(ctx, found.Content.Source, file) }
	}
	return item, nil
}

func (c *chocolatey) put(ctx context.Context, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("package", "package.nupkg")
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	res, err := c.pusher.do(ctx, http.MethodPut, c.push+"/api/v2/package/", &body, int64(body.Len()), form.FormDataContentType())
	switch {
	case refused(err, http.StatusConflict):
		return againError{err} // it came in the meantime; the next look compares
	case refused(err, http.StatusForbidden):
		return setupError{fmt.Errorf("%w; the key may not push it, or an older version waits for its moderators: run this again when they are done", err)}
	case err != nil:
		return err
	}
	return res.Body.Close()
}
