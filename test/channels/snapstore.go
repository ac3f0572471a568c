package channels

import (
	"bytes"
	"crypto/sha3"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// SnapStore is the store of snaps: what it tells anyone, and what its program snapcraft asks of it,
// which here is of the double's own making.
type SnapStore struct {
	URL string

	mu        sync.Mutex
	revisions []*snapRevision
}

type snapRevision struct {
	number        int
	arch, version string
	content       []byte
	channels      []string // that it is in now
}

func newSnapStore() *SnapStore { return &SnapStore{} }

// Released returns the content of what an architecture's channel has, nil if it has nothing, and how
// many revisions of the architecture there are.
func (s *SnapStore) Released(arch, channel string) (content []byte, revisions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.revisions {
		if r.arch != arch {
			continue
		}
		revisions++
		if slices.Contains(r.channels, channel) {
			content = r.content
		}
	}
	return content, revisions
}

// Tamper flips a bit of all revisions.
func (s *SnapStore) Tamper() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.revisions {
		r.content = slices.Clone(r.content)
		r.content[0] ^= 1
	}
}

func (s *SnapStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/snapcraft/") && r.Header.Get("Authorization") != Secret {
		http.Error(w, "no permission", http.StatusUnauthorized)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ask := r.URL.Query()
	switch path := r.URL.Path; {
	case path == "/v2/snaps/info/glide" && r.Header.Get("Snap-Device-Series") == "16":
		s.info(w)
	case strings.HasPrefix(path, "/download/"):
		for _, revision := range s.revisions {
			if strconv.Itoa(revision.number) == strings.TrimPrefix(path, "/download/") {
				_, _ = w.Write(revision.content)
			}
		}
	case path == "/snapcraft/upload":
		if slices.ContainsFunc(s.revisions, func(r *snapRevision) bool { return bytes.Equal(r.content, content) }) {
			http.Error(w, "binary_sha3_384: A file with this exact same content has already been uploaded", http.StatusBadRequest)
			return
		}
		s.revisions = append(s.revisions, &snapRevision{
			number: len(s.revisions) + 1, arch: ask.Get("arch"), version: ask.Get("version"), content: content,
		})
		fmt.Fprint(w, len(s.revisions))
	case path == "/snapcraft/release":
		s.release(w, ask.Get("revision"), ask.Get("channel"))
	case path == "/snapcraft/revisions":
		fmt.Fprintln(w, "Rev.    Uploaded              Arches    Version     Channels")
		for _, r := range slices.Backward(s.revisions) {
			channels := "-"
			if len(r.channels) > 0 {
				channels = strings.Join(r.channels, "*,") + "*"
			}
			fmt.Fprintf(w, "%d  2026-11-22T12:00:00Z  %s  %s  %s\n", r.number, r.arch, r.version, channels)
		}
	default:
		http.NotFound(w, r)
	}
}

func (s *SnapStore) release(w http.ResponseWriter, number, channel string) {
	at := slices.IndexFunc(s.revisions, func(r *snapRevision) bool { return strconv.Itoa(r.number) == number })
	if at < 0 {
		http.Error(w, "no such revision", http.StatusNotFound)
		return
	}
	for _, r := range s.revisions {
		if r.arch == s.revisions[at].arch {
			r.channels = slices.DeleteFunc(r.channels, func(c string) bool { return c == channel })
		}
	}
	s.revisions[at].channels = append(s.revisions[at].channels, channel)
}

func (s *SnapStore) info(w http.ResponseWriter) {
	entries := []any{}
	for _, r := range s.revisions {
		for _, channel := range r.channels {
			track, risk, _ := strings.Cut(channel, "/")
			entries = append(entries, map[string]any{
				"channel":  map[string]string{"architecture": r.arch, "name": risk, "risk": risk, "track": track},
				"version":  r.version,
				"download": map[string]any{"sha3-384": fmt.Sprintf("%x", sha3.Sum384(r.content)), "size": len(r.content), "url": fmt.Sprintf("%s/download/%d", s.URL, r.number)},
			})
		}
	}
	if len(entries) == 0 {
		http.Error(w, `{"error-list":[{"code":"resource-not-found","message":"No snap named 'glide' found"}]}`, http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, map[string]any{"name": "glide", "channel-map": entries})
}
