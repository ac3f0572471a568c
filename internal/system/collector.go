package system

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// minGarbage is how much garbage, in bytes, is worth a collection.
const minGarbage = 12 << 20

// PaceCollector lets garbage grow to 12 MB before it is collected, and to as much as is in use
// if that is more, unless GOGC says otherwise. Go by itself does with 4 MB: a gateway, which
// holds little and makes much garbage, collects dozens of times a second then.
func PaceCollector() {
	if os.Getenv("GOGC") == "" {
		pace(&pacer{percent: 100})
	}
}

// A pacer is garbage from the start, so that each collection runs its finalizer.
type pacer struct {
	percent int
	_       *byte // finalizers of what has no pointers may never run
}

func pace(p *pacer) {
	if percent := gcPercent(inUse()); percent != p.percent {
		debug.SetGCPercent(percent)
		p.percent = percent
	}
	runtime.SetFinalizer(p, pace)
}

// inUse returns what the collector takes as a measure, in bytes.
func inUse() (sum uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	for _, sample := range samples {
		sum += sample.Value.Uint64()
	}
	return sum
}

// gcPercent returns the GOGC that makes at least minGarbage of what is in use. It is 300 at
// most, since a heap may grow to 4 MB times GOGC whatever is in use. It goes by tens, since
// each change stops the program for a moment.
func gcPercent(inUse uint64) int {
	return int(min(max(minGarbage*100/max(inUse, 1)/10*10, 100), 300))
}
