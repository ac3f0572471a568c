//go:build !linux

package system

import "time"

func monotonic() time.Duration { return 0 }

// LimitMemory does nothing where there are no control groups.
func LimitMemory() int64 { return 0 }
