package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// message encodes a message with the headers given, encoded.
func message(headers, payload string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(preludeSize+len(headers)+len(payload)+checksumSize))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

const headers = "\x01s\x07\x00\x02ok" + "\x01t\x00" + "\x01i\x04\x00\x00\x00\x01" + "\x01b\x06\x00\x01x"

func TestReader(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	stream := bytes.Join([][]byte{message(headers, "one"), message("", long), message("", "")}, nil)
	r := NewReader(bytes.NewReader(stream))
	for i, want := range []string{"one", long, ""} {
		m, err := r.Next()
		if err != nil || string(m.Payload) != want {
			t.Fatalf("message %d: got %.20q, %v", i, m.Payload, err)
		}
		if s := m.Headers["s"]; i == 0 && (s != "ok" || len(m.Headers) != 1) {
			t.Errorf("got the headers %v", m.Headers)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("got %v at the end", err)
	}
}

// TestDamage changes each byte, and cuts at each: no damage goes unnoticed.
func TestDamage(t *testing.T) {
	whole := message(headers, "payload")
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		if m, err := NewReader(bytes.NewReader(damaged)).Next(); err == nil {
			t.Errorf("byte %d changed: got %+v", i, m)
		}
		if _, err := NewReader(bytes.NewReader(whole[:i])).Next(); i > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: got %v", i, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(message(headers, "payload"))
	f.Add(message("\x01s\x07\xff\xff", ""))
	f.Add(message("\xff", ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		left := len(data)
		for {
			m, err := r.Next()
			if err != nil {
				return
			}
			if left -= len(m.Payload) + preludeSize + checksumSize; left < 0 {
				t.Error("more was read than there is")
			}
		}
	})
}
