package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A repository is one of an OCI registry.
type repository struct {
	name.Repository
	puller *remote.Puller
	pusher *remote.Pusher
	read   sync.Map // by the digests of blobs, functions that check them
}

// newRepository opens a repository.
func newRepository(r *Release, place string) (*repository, error) {
	repo, err := name.NewRepository(place)
	if err != nil {
		return nil, setupError{err}
	}
	keychain, err := r.keychain()
	if err != nil {
		return nil, err
	}
	options := []remote.Option{
		remote.WithAuthFromKeychain(keychain),
		remote.WithTransport(r.transport()),
		remote.WithUserAgent("glide-release"),
		// A channel is tried again as a whole, after another look at it.
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
	}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	pusher, err := remote.NewPusher(options...)
	return &repository{Repository: repo, puller: puller, pusher: pusher}, err
}

// tags returns the tags of the repository, none if it does not exist yet.
func (r *repository) tags(ctx context.Context) ([]string, error) {
	tags, err := r.puller.List(ctx, r.Repository)
	if notFound(err) {
		return nil, nil
	}
	return tags, err
}

func notFound(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}

// item returns the item of a manifest, by digest or by a tag. A tag that moves may stand for another.
func (r *repository) item(ctx context.Context, label string, ref name.Reference, want remote.Taggable, moves bool, put func(context.Context) error) (Item, error) {
	item := Item{Name: label, State: Absent, Put: put}
	raw, err := want.RawManifest()
	if err != nil {
		return item, err
	}
	digest, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return item, err
	}
	found, err := r.puller.Head(ctx, ref)
	switch {
	case notFound(err):
		return item, nil
	case err != nil:
		return item, err
	case found.Digest == digest:
		item.State = Equal
	case !moves:
		item.State, item.Detail = Different, fmt.Sprintf("the registry has %s, not %s", found.Digest, digest)
	}
	item.Check = func(ctx context.Context) error { return r.check(ctx, ref, raw) }
	return item, nil
}

// image returns the item of an image with its blobs, by digest or by a tag.
func (r *repository) image(ctx context.Context, label string, ref name.Reference, image v1.Image) (Item, error) {
	item, err := r.item(ctx, label, ref, image, false, func(ctx context.Context) error { return r.pusher.Push(ctx, ref, image) })
	if err != nil {
		return item, err
	}
	blobs, err := blobsOf(image)
	if err != nil {
		return item, err
	}
	for _, blob := range blobs {
		size, err := blob.Size()
		if err != nil {
			return item, err
		}
		item.Size += size
	}
	if manifest := item.Check; manifest != nil {
		item.Check = func(ctx context.Context) error {
			errs := []error{manifest(ctx)}
			for _, blob := range blobs {
				errs = append(errs, r.checkBlob(ctx, blob))
			}
			return errors.Join(errs...)
		}
	}
	return item, nil
}

// tag returns the item of a tag for an index that the registry has the parts of.
func (r *repository) tag(ctx context.Context, tag string, index remote.Taggable, moves bool) (Item, error) {
	ref := r.Tag(tag)
	return r.item(ctx, tag, ref, index, moves, func(ctx context.Context) error { return r.pusher.Put(ctx, ref, index) })
}

// referrer returns the item of an image that refers to another one. It must be there and be listed,
// by the registry or, if that keeps no lists, in the index that OCI gives a tag for that.
func (r *repository) referrer(ctx context.Context, label string, subject v1.Hash, image v1.Image) (Item, error) {
	digest, err := image.Digest()
	if err != nil {
		return Item{}, err
	}
	ref := r.Digest(digest.String())
	put := func(ctx context.Context) error {
		blobs, err := blobsOf(image)
		if err != nil {
			return err
		}
		for _, blob := range blobs {
			if err := r.pusher.Upload(ctx, r.Repository, blob); err != nil {
				return err
			}
		}
		return r.pusher.Put(ctx, ref, image)
	}
	item, err := r.image(ctx, label, ref, image)
	item.Put = put
	if err != nil || item.State != Equal {
		return item, err
	}
	listed, err := remote.Referrers(r.Digest(subject.String()), remote.WithContext(ctx), remote.Reuse(r.puller))
	if err != nil {
		return item, err
	}
	list, err := listed.IndexManifest()
	if err != nil {
		return item, err
	}
	for _, descriptor := range list.Manifests {
		if descriptor.Digest == digest {
			return item, nil
		}
	}
	item.State = Absent
	return item, nil
}

// check reads a manifest and compares it.
func (r *repository) check(ctx context.Context, ref name.Reference, want []byte) error {
	found, err := r.puller.Get(ctx, ref)
	if err != nil {
		return err
	}
	if !bytes.Equal(found.Manifest, want) {
		return fmt.Errorf("%s: the public gets manifest %s", ref, found.Digest)
	}
	return nil
}

// checkBlob reads a blob, once for all images that it is of.
func (r *repository) checkBlob(ctx context.Context, want v1.Layer) error {
	digest, err := want.Digest()
	if err != nil {
		return err
	}
	check, _ := r.read.LoadOrStore(digest, sync.OnceValue(func() error {
		blob, err := r.puller.Layer(ctx, r.Digest(digest.String()))
		if err != nil {
			return err
		}
		content, err := blob.Compressed()
		if err != nil {
			return err
		}
		defer content.Close()
		// Its reader compares the digest at the end.
		_, err = io.Copy(io.Discard, content)
		return err
	}))
	if err := check.(func() error)(); err != nil {
		return fmt.Errorf("blob %s: %w", digest, err)
	}
	return nil
}

func blobsOf(image v1.Image) ([]v1.Layer, error) {
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	config, err := partial.ConfigLayer(image)
	return append(layers, config), err
}
