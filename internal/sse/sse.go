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
)

// MaxEvent is the largest event, in bytes, that a [Reader] accepts.
const MaxEvent = 16 << 20

// ErrTooLong is returned for an event larger than [MaxEvent].
var ErrTooLong = errors.New("event of a stream is larger than 16 MiB")

// A Reader splits a stream into events.
type Reader struct {
	src     io.Reader
	buf     []byte // buf[start:] is read but not returned
	start   int
	scanned int  // buf[start:scanned] holds no end of an event
	lines   bool // whether each line is an event
	err     error
}

// NewReader returns a reader of src that begins with the given buffer, whose content is
// ignored.
func NewReader(src io.Reader, buf []byte) *Reader {
	if cap(buf) < 512 {
		buf = make([]byte, 0, 4096)
	}
	return &Reader{src: src, buf: buf[:0]}
}

// NewLineReader returns a reader of src for which each line is an event, as in
// newline-delimited JSON. The last one may lack its newline.
func NewLineReader(src io.Reader) *Reader {
	r := NewReader(src, nil)
	r.lines = true
	return r
}

// Next returns the next event with the empty line that ends it. It is valid until the
// next call. A stream that stops between two events ends with [io.EOF], one that stops
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

// Buffer returns the reader's buffer for later use. The reader is not usable afterwards.
func (r *Reader) Buffer() []byte { return r.buf }

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
	if r.start > 0 {
		n := copy(r.buf, r.buf[r.start:])
		r.buf, r.scanned, r.start = r.buf[:n], r.scanned-r.start, 0
	}
	if len(r.buf) == cap(r.buf) {
		if len(r.buf) >= MaxEvent {
			r.err = ErrTooLong
			return
		}
		grown := make([]byte, len(r.buf), 2*cap(r.buf))
		copy(grown, r.buf)
		r.buf = grown
	}
	n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if n == 0 || err != nil {
		r.err = err
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
		return append(rest, '\n'), nil
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
