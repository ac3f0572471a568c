package provider

import (
	"io"
	"sync"
	"sync/atomic"
)

// A Body is a client's request body, read in full. It can be sent several times, and its
// memory is used again when the last of its users has let go: a transport may still be
// writing a request whose answer is already here.
type Body struct {
	Bytes []byte
	users atomic.Int32
}

// maxPooled is the largest buffer, in bytes, that is kept for later requests.
const maxPooled = 1 << 20

var bodies = sync.Pool{New: func() any { return &Body{Bytes: make([]byte, 0, 4096)} }}

// maxTrusted is how much of a length is believed before the bytes are here.
const maxTrusted = 256 << 10

// ReadBody reads src to its end. The length is what to expect, or -1; at most limit bytes
// are read, and one more means that there were too many. The caller must call
// [Body.Release].
func ReadBody(src io.Reader, length, limit int64) (*Body, error) {
	b := bodies.Get().(*Body)
	b.users.Store(1)
	b.Bytes = b.Bytes[:0]
	if length >= int64(cap(b.Bytes)) {
		b.Bytes = make([]byte, 0, min(length, maxTrusted)+1) // one more, to see the end without growing
	}
	src = io.LimitReader(src, limit+1)
	for {
		if len(b.Bytes) == cap(b.Bytes) {
			size := 2*int64(cap(b.Bytes)) + 512
			if length >= int64(cap(b.Bytes)) {
				size = min(size, length+1)
			}
			b.Bytes = append(make([]byte, 0, size), b.Bytes...)
		}
		n, err := src.Read(b.Bytes[len(b.Bytes):cap(b.Bytes)])
		b.Bytes = b.Bytes[:len(b.Bytes)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			b.Release()
			return nil, err
		}
	}
}

// NewBody returns a body of the given bytes.
func NewBody(data []byte) *Body {
	b := &Body{Bytes: data}
	b.users.Store(1)
	return b
}

// Release lets go of the body. The bytes must not be used afterwards.
func (b *Body) Release() {
	if b.users.Add(-1) == 0 && cap(b.Bytes) <= maxPooled {
		bodies.Put(b)
	}
}

// splice returns a reader of pieces, which lie in b or last as long.
func (b *Body) splice(pieces ...[]byte) *splicedBody {
	b.users.Add(1)
	s := &splicedBody{body: b}
	copy(s.pieces[:], pieces)
	return s
}

// A splicedBody reads pieces one after the other.
type splicedBody struct {
	mu     sync.Mutex // a transport may close the body while another goroutine reads it
	body   *Body      // nil when closed
	pieces [5][]byte
	at     int
}

func (s *splicedBody) Read(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body == nil {
		return 0, io.ErrClosedPipe
	}
	for s.at < len(s.pieces) && n < len(p) {
		m := copy(p[n:], s.pieces[s.at])
		n += m
		if s.pieces[s.at] = s.pieces[s.at][m:]; len(s.pieces[s.at]) == 0 {
			s.at++
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *splicedBody) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body != nil {
		s.body.Release()
		s.body, s.pieces = nil, [5][]byte{}
	}
	return nil
}
