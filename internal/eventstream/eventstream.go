// Package eventstream reads AWS' binary streams of events, the content type
// application/vnd.amazon.eventstream.
//
// A message is its length, that of its headers and a checksum of both, each of four
// bytes; then headers, payload, and a checksum of all before. Numbers are big-endian,
// checksums CRC-32 of IEEE.
package eventstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// MaxMessage is the largest message, in bytes, that a [Reader] accepts.
const MaxMessage = 16 << 20

const (
	preludeSize  = 12
	checksumSize = 4
)

// A Message is one event.
type Message struct {
	Headers map[string]string // those that are strings
	Payload []byte            // valid until the next message is read
}

// A Reader splits a stream into messages.
type Reader struct {
	src io.Reader
	buf []byte
}

// NewReader returns a reader of src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Next returns the next message. A stream that stops between two messages ends with
// [io.EOF], one that stops inside of a message with [io.ErrUnexpectedEOF].
func (r *Reader) Next() (Message, error) {
	if cap(r.buf) < preludeSize {
		r.buf = make([]byte, 4096)
	}
	prelude := r.buf[:preludeSize]
	if _, err := io.ReadFull(r.src, prelude); err != nil {
		return Message{}, err
	}
	total, headers := binary.BigEndian.Uint32(prelude), binary.BigEndian.Uint32(prelude[4:])
	if sum := binary.BigEndian.Uint32(prelude[8:]); sum != crc32.ChecksumIEEE(prelude[:8]) {
		return Message{}, errors.New("the checksum of a message's beginning is wrong")
	}
	if total > MaxMessage || uint64(total) < preludeSize+uint64(headers)+checksumSize {
		return Message{}, fmt.Errorf("a message of %d bytes with headers of %d bytes cannot be", total, headers)
	}
	if int(total) > cap(r.buf) {
		r.buf = append(make([]byte, 0, total), prelude...)
	}
	message := r.buf[:total]
	if _, err := io.ReadFull(r.src, message[preludeSize:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Message{}, err
	}
	body := message[:total-checksumSize]
	if sum := binary.BigEndian.Uint32(message[len(body):]); sum != crc32.ChecksumIEEE(body) {
		return Message{}, errors.New("the checksum of a message is wrong")
	}
	m := Message{Payload: body[preludeSize+headers:]}
	var err error
	m.Headers, err = parseHeaders(body[preludeSize : preludeSize+headers])
	return m, err
}

var errHeaders = errors.New("the headers of a message are malformed")

// sizes holds the size of a header's value by its type: booleans, integers, bytes and
// strings with their length ahead, times and UUIDs.
var sizes = [...]int{0, 0, 1, 2, 4, 8, variable, variable, 8, 16}

const (
	variable   = -1
	stringType = 7
)

func parseHeaders(data []byte) (map[string]string, error) {
	out := map[string]string{}
	for len(data) > 0 {
		n := 1 + int(data[0])
		if len(data) < n+1 || int(data[n]) >= len(sizes) {
			return nil, errHeaders
		}
		name, kind := string(data[1:n]), data[n]
		data = data[n+1:]
		size := sizes[kind]
		if size == variable {
			if len(data) < 2 {
				return nil, errHeaders
			}
			size = int(binary.BigEndian.Uint16(data))
			data = data[2:]
		}
		if len(data) < size {
			return nil, errHeaders
		}
		if kind == stringType {
			out[name] = string(data[:size])
		}
		data = data[size:]
	}
	return out, nil
}
