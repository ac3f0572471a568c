package publish

import (
	"bytes"
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/manifest"
	"github.com/einstack/glide/internal/snap"
)

// A snapStore is the store of snaps. Its own program snapcraft uploads, lists and releases; its secret
// is SNAPCRAFT_STORE_CREDENTIALS. What is released, and its digest, the store tells anyone.
//
// Of a revision that is not released yet the store tells no digest. It refuses the same content twice,
// so a version's revision is taken for the release's, and compared when it has been released.
type snapStore struct {
	release *Release
	api     string // of what anyone may ask
	client  *client
}

func newSnap(r *Release, place string) (Channel, error) {
	_, err := r.secret("SNAPCRAFT_STORE_CREDENTIALS")
	return &snapStore{r, place, newClient(r, http.Header{"Snap-Device-Series": {"16"}})}, err
}

func (s *snapStore) Name() string  { return "snap" }
func (s *snapStore) Place() string { return s.api }

// A revision is a line of `snapcraft revisions`.
type revision struct {
	number, arch, version string
	channels              []string // that it is in now
}

// A channelMap is what the store tells anyone.
type channelMap struct {
	Map []released `json:"channel-map"`
}

type released struct {
	Version string `json:"version"`
	Channel struct {
		Architecture string `json:"architecture"`
		Track        string `json:"track"`
		Risk         string `json:"risk"`
	} `json:"channel"`
	Download struct {
		Digest string `json:"sha3-384"`
		URL    string `json:"url"`
	} `json:"download"`
}

func (s *snapStore) Plan(ctx context.Context) ([]Stage, error) {
	public, err := s.public(ctx)
	if err != nil {
		return nil, err
	}
	var revisions []revision
	if !s.release.Anonymous {
		if revisions, err = s.revisions(ctx); err != nil {
			return nil, err
		}
	}
	var uploads, releases Stage
	for _, artifact := range s.release.For("snap") {
		arch, err := snap.Arch(artifact.Platform)
		if err != nil {
			return nil, err
		}
		there := ""
		var versions []string
		for _, r := range revisions {
			if r.arch != arch {
				continue
			}
			versions = append(versions, r.version)
			if there == "" && r.version == s.release.Version {
				there = r.number
			}
		}
		for _, r := range public {
			if r.Channel.Architecture == arch {
				versions = append(versions, r.Version)
			}
		}
		places, err := s.release.places(versions)
		if err != nil {
			return nil, err
		}
		file := s.release.path(artifact.Name)
		upload, err := s.upload(public, artifact, arch, there)
		if err != nil {
			return nil, err
		}
		if !s.release.Anonymous || upload.State != Absent { // else nobody can tell
			uploads = append(uploads, upload)
		}
		for _, channel := range places.Snap {
			// Uploads are a stage of their own, so the look that leads to this one has found the revision.
			item := Item{Name: artifact.Name + " in " + channel, State: Absent, Put: func(ctx context.Context) error {
				_, err := s.snapcraft(ctx, "release", "glide", there, channel)
				return err
			}}
			if slices.ContainsFunc(revisions, func(r revision) bool { return r.number == there && slices.Contains(r.channels, channel) }) {
				item.State = Equal
			}
			for _, r := range public {
				if r.Version == s.release.Version && r.Channel.Architecture == arch && r.Channel.Track+"/"+r.Channel.Risk == channel {
					item.State = Equal
					item.Check = func(ctx context.Context) error { return s.client.same(ctx, r.Download.URL, file) }
				}
			}
			releases = append(releases, item)
		}
	}
	return []Stage{uploads, releases}, nil
}

// upload returns the item of a snap that is, or is not, among the store's revisions.
func (s *snapStore) upload(public []released, artifact manifest.Artifact, arch, revision string) (Item, error) {
	item := Item{Name: artifact.Name, Size: artifact.Size, State: Absent, Put: func(ctx context.Context) error {
		output, err := s.snapcraft(ctx, "upload", s.release.path(artifact.Name))
		if err != nil && strings.Contains(output, "exact same content has already been uploaded") {
			return nil // by a run that was killed; the list will have it
		}
		return err
	}}
	if revision != "" {
		item.State = Equal
	}
	for _, r := range public {
		if r.Version != s.release.Version || r.Channel.Architecture != arch {
			continue
		}
		content, err := os.ReadFile(s.release.path(artifact.Name))
		if err != nil {
			return item, err
		}
		item.State = Equal
		if sum := fmt.Sprintf("%x", sha3.Sum384(content)); sum != r.Download.Digest {
			item.State, item.Detail = Different, fmt.Sprintf("the store says SHA3-384 %s, not %s", r.Download.Digest, sum)
		}
	}
	return item, nil
}

// revisions returns what snapcraft lists, the newest first.
func (s *snapStore) revisions(ctx context.Context) ([]revision, error) {
	output, err := s.snapcraft(ctx, "revisions", "glide")
	if err != nil {
		return nil, err
	}
	var all []revision
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] == "Rev." {
			continue
		}
		r := revision{number: fields[0], arch: fields[2], version: fields[3]}
		if len(fields) > 4 {
			for channel := range strings.SplitSeq(fields[4], ",") {
				// A star marks a channel that it is in, not only was.
				now, ok := strings.CutSuffix(channel, "*")
				if !strings.Contains(now, "/") {
					now = "latest/" + now
				}
				if ok {
					r.channels = append(r.channels, now)
				}
			}
		}
		all = append(all, r)
	}
	return all, nil
}

func (s *snapStore) public(ctx context.Context) ([]released, error) {
	var info channelMap
	_, err := s.client.json(ctx, http.MethodGet, s.api+"/v2/snaps/info/glide?fields=download,version", nil, &info)
	if refused(err, http.StatusNotFound) {
		return nil, nil // nothing is released yet
	}
	return info.Map, err
}

func (s *snapStore) snapcraft(ctx context.Context, args ...string) (string, error) {
	secret, err := s.release.secret("SNAPCRAFT_STORE_CREDENTIALS")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "snapcraft", args...)
	cmd.Env = append(os.Environ(), "SNAPCRAFT_STORE_CREDENTIALS="+secret)
	output, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", setupError{fmt.Errorf("%w; install snapcraft", err)}
	}
	if err != nil {
		err = fmt.Errorf("snapcraft %s: %w: %s", args[0], err, bytes.TrimSpace(output))
	}
	return string(output), err
}
