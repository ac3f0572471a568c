package bases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/einstack/glide/internal/tree"
	"github.com/einstack/glide/internal/wire"
)

// MirrorVariable names the environment variable with a registry that is asked before all others.
// It has the images under their full names: docker.io/library/alpine of the mirror
// "127.0.0.1:5000" is 127.0.0.1:5000/docker.io/library/alpine. One on the loopback speaks HTTP.
const MirrorVariable = "GLIDE_REGISTRY_MIRROR"

// A Registry reads images without an account, by the bearer tokens that registries give anyone.
type Registry struct {
	// Silence is how long a registry may send nothing before it is given up.
	Silence time.Duration
	// Backoff is how long to wait after a first failure, and three times that after each other.
	Backoff time.Duration
	// Mirror is asked first, if it is not empty; see [MirrorVariable].
	Mirror string
}

// NewRegistry returns a Registry with the mirror that the environment names.
func NewRegistry() *Registry {
	return &Registry{Silence: 30 * time.Second, Backoff: time.Second, Mirror: os.Getenv(MirrorVariable)}
}

// attempts is how often what fails by chance is tried.
const attempts = 3

func (r *Registry) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuth(authn.Anonymous),
		remote.WithUserAgent("glide-release"),
		remote.WithTransport(&wire.Impatient{Base: remote.DefaultTransport, Silence: r.Silence}),
		remote.WithRetryBackoff(remote.Backoff{Duration: r.Backoff, Factor: 3, Jitter: 0.1, Steps: attempts}),
	}
}

// repositories returns where a distro's base is, the mirror of the environment first. Other
// mirrors may be behind, so they are for digests, not for tags.
func (r *Registry) repositories(distro tree.Distro) (tag name.Tag, all []name.Repository, err error) {
	tag, err = name.NewTag(distro.Base)
	if err != nil {
		return tag, nil, err
	}
	names := append([]string{tag.Context().Name()}, distro.Mirrors...)
	if r.Mirror != "" {
		registry := tag.RegistryStr()
		if registry == name.DefaultRegistry {
			registry = "docker.io"
		}
		mirrored := r.Mirror + "/" + registry + "/" + tag.RepositoryStr()
		names = append([]string{mirrored}, names...)
		if tag, err = name.NewTag(mirrored + ":" + tag.TagStr()); err != nil {
			return tag, nil, fmt.Errorf("%s: %w", MirrorVariable, err)
		}
	}
	for _, n := range names {
		repository, err := name.NewRepository(n)
		if err != nil {
			return tag, nil, err
		}
		all = append(all, repository)
	}
	return tag, all, nil
}

// manifest returns the manifest with a digest, from the first repository that has it.
func (r *Registry) manifest(ctx context.Context, repositories []name.Repository, digest v1.Hash) (*remote.Descriptor, error) {
	var found *remote.Descriptor
	err := r.each(ctx, repositories, func(repository name.Repository) (err error) {
		found, err = remote.Get(repository.Digest(digest.String()), r.options(ctx)...)
		return err
	})
	return found, err
}

// blob gives the blob with a digest to read, which may be more than once, from the first
// repository that has it. It is as its digest says only if read returns nil.
func (r *Registry) blob(ctx context.Context, repositories []name.Repository, digest v1.Hash, read func(io.Reader) error) error {
	return r.each(ctx, repositories, func(repository name.Repository) error {
		layer, err := remote.Layer(repository.Digest(digest.String()), r.options(ctx)...)
		if err != nil {
			return err
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		defer content.Close()
		return read(content)
	})
}

// each asks one repository after the other until one can answer. An answer that breaks off, or is
// not what its digest says, is asked for again.
func (r *Registry) each(ctx context.Context, repositories []name.Repository, ask func(name.Repository) error) error {
	var errs []error
	for _, repository := range repositories {
		var err error
		for attempt := range attempts {
			if err = ask(repository); err == nil {
				return nil
			}
			var refused *transport.Error
			var disk *os.PathError
			if ctx.Err() != nil || errors.As(err, &disk) {
				return err
			}
			if errors.As(err, &refused) || attempt == attempts-1 {
				break // such answers were retried already
			}
			select {
			case <-time.After(r.Backoff):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		errs = append(errs, fmt.Errorf("%s: %w", repository.Name(), err))
	}
	return errors.Join(errs...)
}
