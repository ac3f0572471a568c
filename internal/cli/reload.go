package cli

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/gateway"
	"github.com/einstack/glide/internal/system"
)

// A reloader makes a gateway serve the configuration file as it is now, whenever the file
// or one that it refers to has changed. A bad one changes nothing.
//
// Files are looked at rather than watched: that works alike on every system and file
// system, and for the links by which Kubernetes replaces what it mounts.
type reloader struct {
	load    func() (*config.Config, error)
	gateway *gateway.Gateway
	log     *slog.Logger
	started *config.Config // what Glide started with

	applied snapshot // of the files that are served
	changed snapshot // of the files at the last look; nil if they are those served
	refused string   // why the files as they are now are not served
}

// lookEvery is the time between two looks at the files.
const lookEvery = 500 * time.Millisecond

// A snapshot is the state of files by their path. The state of a file that is not there
// is nil.
type snapshot map[string]os.FileInfo

func newSnapshot(files []string) snapshot {
	s := snapshot{}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			info = nil // reading it will tell why
		}
		s[file] = info
	}
	return s
}

// again returns the state of the same files now.
func (s snapshot) again() snapshot {
	files := make([]string, 0, len(s))
	for file := range s {
		files = append(files, file)
	}
	return newSnapshot(files)
}

func (s snapshot) equal(other snapshot) bool {
	for file, a := range s {
		b := other[file]
		if (a == nil) != (b == nil) {
			return false
		}
		if a != nil && !(os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()) {
			return false
		}
	}
	return true
}

// run reloads until ctx ends, at once on a signal.
func (r *reloader) run(ctx context.Context, hup <-chan os.Signal) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			notify(r.log, system.Reloading())
			r.refused = "" // who asks gets an answer
			r.reload()
			notify(r.log, system.Ready)
		case <-tick.C:
			r.look()
		}
	}
}

// look reloads if the files have changed and come to rest: a file that is still being
// written is not read. A refused one is tried again, as what it lacks may come.
func (r *reloader) look() {
	now := r.applied.again()
	switch {
	case r.refused != "":
		r.reload()
	case now.equal(r.applied):
		r.changed = nil
	case r.changed == nil || !now.equal(r.changed):
		r.changed = now
	default:
		r.reload()
	}
}

func (r *reloader) reload() {
	before := r.applied.again()
	cfg, err := r.load()
	if err == nil {
		err = r.gateway.Apply(cfg)
	}
	if err != nil {
		if text := err.Error(); text != r.refused {
			r.refused = text
			r.log.Error("configuration refused, the old one serves on", slog.String("error", text))
		}
		return
	}
	r.serve(cfg, before)
	if keys := config.NeedRestart(r.started, cfg); len(keys) > 0 {
		r.log.Warn("configuration applied, but for keys that need a restart", slog.Any("keys", keys))
		return
	}
	r.log.Info("configuration applied")
}

// serve records that cfg is what is served. What was changed since before it was read is
// found at the next look.
func (r *reloader) serve(cfg *config.Config, before snapshot) {
	r.refused, r.changed, r.applied = "", nil, newSnapshot(cfg.Files)
	for file, info := range before {
		if _, ok := r.applied[file]; ok {
			r.applied[file] = info
		}
	}
}
