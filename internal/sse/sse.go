// Package sse reads streams of server-sent events, and of lines, as they are on the wire.
//
// Events are returned with the very bytes that arrived, so that a proxy passes on what
// it was sent, and only whole ones, so that neither a half event nor half a character
// ever reaches a client.
package sse

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// MaxEvent is the largest event, in bytes, that a [Reader] accepts.
const MaxEvent = 16 << 20

// ErrTooLong is returned for an event larger than [MaxEvent].
var ErrTooLong = errors.New("event of a stream is larger than 16 MiB")

// A Reader splits a stream into events. While it waits for more and holds nothing, it has
// hardly any memory: most streams wait most of the time.
type Reader struct {
	src     io.Reader
	few     [64]byte // what comes first after a wait
	memory  *[]byte  // of buf, to be used by others; nil while there is no buf
	buf     []byte   // buf[start:] is read but not returned
	start   int
	scanned int  // buf[start:scanned] holds no end of an event
	lines   bool // whether each line is an event
	err     error
}

// buffers holds the memory that readers share.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxShared is the largest buffer, in bytes, that is kept for other readers.
const maxShared = 64 << 10

// NewReader returns a reader of src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// NewLineReader returns a reader of src for which each line is an event, as in
// newline-delimited JSON. The last one may lack its newline.
func NewLineReader(src io.Reader) *Reader {
	return &Reader{src: src, lines: true}
}

// Next returns the next event with the empty line that ends it. It is valid until a call
// that has to wait; as long as there is one [Reader.Buffered], the next event lies right
// behind it. A stream that stops between two events ends with [io.EOF], one that stops
// inside of an event with [io.ErrUnexpectedEOF]; other errors are those of the source.
func (r *Reader) Next() ([]byte, error) {
	for {
		if end := r.boundary(); end > 0 {
			event := r.buf[r.start:end]
			r.start, r.scanned = end, end
			return event, nil
		}
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
}

// Buffered reports whether the next event is already here, so that [Reader.Next] will
// not wait.
func (r *Reader) Buffered() bool { return r.boundary() > 0 }

// boundary returns the index after the event at start, or 0 if its end is not here.
func (r *Reader) boundary() int {
	for {
		n := bytes.IndexByte(r.buf[r.scanned:], '\n')
		if n < 0 {
			r.scanned = len(r.buf)
			return 0
		}
		line := r.scanned + n + 1 // the line after the break
		rest := r.buf[line:]
		switch {
		case r.lines:
			return line
		case len(rest) > 0 && rest[0] == '\n':
			return line + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return line + 2
		case len(rest) == 0 || len(rest) == 1 && rest[0] == '\r':
			r.scanned = line - 1 // look again when more is here
			return 0
		}
		r.scanned = line
	}
}

// fill reads once from the source, and makes room before if needed.
func (r *Reader) fill() {
	if r.start == len(r.buf) {
		r.wait()
		return
	}
	if r.start > 0 {
		n := copy(r.buf, r.buf[r.start:])
		r.buf, r.scanned, r.start = r.buf[:n], r.scanned-r.start, 0
	}
	if len(r.buf) == cap(r.buf) {
		if len(r.buf) >= MaxEvent {
			r.err = ErrTooLong
			return
		}
		r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
	}
	var n int
	n, r.err = r.src.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
}

// wait lets go of the memory, which holds nothing, and takes some again when a little has
// come.
func (r *Reader) wait() {
	if r.memory != nil {
		if cap(r.buf) <= maxShared {
			*r.memory = r.buf
		}
		buffers.Put(r.memory)
		r.memory, r.buf = nil, nil
	}
	r.start, r.scanned = 0, 0
	var n int
	if n, r.err = r.src.Read(r.few[:]); n > 0 {
		r.memory = buffers.Get().(*[]byte)
		r.buf = append((*r.memory)[:0], r.few[:n]...)
	}
}

// last returns what is left when the source has ended. Some servers leave out the empty
// line after their last event; a whole line is taken as one.
func (r *Reader) last() ([]byte, error) {
	rest := r.buf[r.start:]
	r.start, r.scanned = len(r.buf), len(r.buf)
	switch {
	case r.err != io.EOF:
		return nil, r.err
	case len(bytes.Trim(rest, "\r\n")) == 0:
		return nil, io.EOF
	case r.lines:
		return rest, nil
	case rest[len(rest)-1] == '\n':
		return append(rest, '\n'), nil // nothing lies behind it
	}
	r.err = io.ErrUnexpectedEOF
	return nil, r.err
}

// Parse returns the name and the data of an event. The data is empty for a comment. It
// aliases the event if it is a single line, as nearly all are.
func Parse(event []byte) (name, data []byte) {
	several := false
	for len(event) > 0 {
		line := event
		if n := bytes.IndexByte(event, '\n'); n >= 0 {
			line, event = event[:n], event[n+1:]
		} else {
			event = nil
		}
		field, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte{'\r'}), []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "event":
			name = value
		case "data":
			if data == nil && !several {
				data = value
			} else {
				data = append(append(bytes.Clone(data), '\n'), value...)
			}
			several = true
		}
	}
	return name, data
}
