package system

import (
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// monotonic returns the time since the machine's start by systemd's clock.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // every Linux has this clock
	}
	return time.Duration(t.Nano())
}

// LimitMemory makes the garbage collector keep within nine tenths of the limit that the
// process's control groups set, unless GOMEMLIMIT says otherwise. It returns the limit
// that it set, in bytes, 0 for none. Go itself looks at the groups' limit of processors
// only.
func LimitMemory() int64 {
	if os.Getenv("GOMEMLIMIT") != "" {
		return 0
	}
	limit := groupLimit("/proc/self/cgroup", "/sys/fs/cgroup")
	if limit == math.MaxInt64 {
		return 0
	}
	limit = limit / 10 * 9
	debug.SetMemoryLimit(limit)
	return limit
}

// groupLimit returns the smallest limit of memory, in bytes, on the way from the groups
// that list names to the root of their trees, [math.MaxInt64] for none.
func groupLimit(list, root string) int64 {
	data, err := os.ReadFile(list)
	if err != nil {
		return math.MaxInt64 // there are no control groups
	}
	limit := int64(math.MaxInt64)
	for line := range strings.Lines(string(data)) {
		// Such as 0::/a/b of version 2, 4:memory:/a/b of version 1.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		tree, file := root, "memory.max"
		switch fields[1] {
		case "":
		case "memory":
			tree, file = path.Join(root, "memory"), "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			limit = min(limit, readLimit(path.Join(tree, group, file)))
			if group == "/" {
				break
			}
		}
	}
	return limit
}

// readLimit returns the limit that a file states. What has no limit says max, or a number
// that no machine has.
func readLimit(file string) int64 {
	const absurd = 1 << 60
	data, err := os.ReadFile(file)
	if err != nil {
		return math.MaxInt64 // a container sees its own group only
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil || n <= 0 || n > absurd {
		return math.MaxInt64
	}
	return n
}
