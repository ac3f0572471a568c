package system

import (
	"runtime"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for inUse, want := range map[uint64]int{0: 300, 2 << 20: 300, 4 << 20: 300, 6 << 20: 200, 12 << 20: 100, 1 << 30: 100} {
		if got := gcPercent(inUse); got != want {
			t.Errorf("%d bytes in use: got %d, want %d", inUse, got, want)
		}
	}
}

var sink []byte

func TestPaceCollector(t *testing.T) {
	p := &pacer{percent: 100}
	held := make([]byte, 64<<20)
	runtime.GC()
	pace(p)
	if p.percent != 100 {
		t.Errorf("with 64 MB in use: %d %%", p.percent)
	}
	// Its finalizer notices that they are no longer in use.
	runtime.KeepAlive(held)
	percent := make(chan int, 1)
	go func() {
		for {
			runtime.GC()
			before := collections()
			for range 96 {
				sink = make([]byte, 1<<20)
			}
			if n := collections() - before; n <= 10 {
				percent <- int(n)
				return
			}
		}
	}()
	select {
	case n := <-percent:
		t.Logf("96 MB of garbage: %d collections", n)
	case <-time.After(time.Minute):
		t.Error("96 MB of garbage are collected more than ten times")
	}
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}
