package provider

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
)

// TestBodyIsNotReadAfterClose closes a body that another goroutine reads, as transports of HTTP/2 do when
// an answer comes early. Its memory may be used at once; the race detector watches.
func TestBodyIsNotReadAfterClose(t *testing.T) {
	for range 20 {
		data := bytes.Repeat([]byte("x"), 16<<10)
		body := NewBody(data)
		r := body.splice(data)
		body.Release()
		began := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			var p [1]byte
			n, err := r.Read(p[:])
			for close(began); err == nil; n, err = r.Read(p[:]) {
				if n != 1 || p[0] != 'x' {
					t.Errorf("got %d bytes with %q", n, p)
				}
			}
			if err != io.EOF && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
		})
		<-began
		r.Close()
		clear(data)
		wg.Wait()
	}
}

// TestReadBodyIntoNothing takes over a body that has no memory at all.
func TestReadBodyIntoNothing(t *testing.T) {
	for range 10 { // the pool may lose some
		NewBody(nil).Release()
		b, err := ReadBody(strings.NewReader("{}"), -1, 10)
		if err != nil || string(b.Bytes) != "{}" {
			t.Errorf("got %q, %v", b.Bytes, err)
		}
	}
}

// TestReadBody reads bodies of all sizes, with and without a length that is announced.
func TestReadBody(t *testing.T) {
	const limit = 1 << 20
	for _, size := range []int{0, 1, 4095, 4096, 4097, 256 << 10, 256<<10 + 1, 700_000, limit, limit + 1} {
		text := strings.Repeat("x", size)
		for _, length := range []int{-1, 0, size / 2, size, 2 * size} {
			b, err := ReadBody(strings.NewReader(text), int64(length), limit)
			if err != nil {
				t.Fatal(err)
			}
			if string(b.Bytes) != text {
				t.Errorf("%d of %d bytes came, of an announced %d", len(b.Bytes), size, length)
			}
			b.Release()
		}
	}
	b, err := ReadBody(strings.NewReader(strings.Repeat("x", limit+10)), -1, limit)
	if err != nil || len(b.Bytes) != limit+1 {
		t.Errorf("got %d bytes beyond the limit, %v", len(b.Bytes), err)
	}
}

// TestReadBodyTrustsNoLength announces much and sends little.
func TestReadBodyTrustsNoLength(t *testing.T) {
	b, err := ReadBody(strings.NewReader("{}"), 30<<20, 32<<20)
	if err != nil || string(b.Bytes) != "{}" {
		t.Fatalf("got %q, %v", b.Bytes, err)
	}
	if cap(b.Bytes) > 1<<20 {
		t.Errorf("%d bytes were set aside", cap(b.Bytes))
	}
}
