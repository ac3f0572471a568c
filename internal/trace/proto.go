package trace

import (
	"encoding/binary"
	"math"
	"time"
)

// The numbers of fields in OTLP's trace.proto, resource.proto and common.proto.
const (
	requestResourceSpans = 1
	resourceSpansSource  = 1
	resourceSpansScope   = 2
	resourceAttributes   = 1
	scopeSpansScope      = 1
	scopeSpansSpans      = 2
	scopeName            = 1
	scopeVersion         = 2

	spanTraceID    = 1
	spanSpanID     = 2
	spanState      = 3
	spanParent     = 4
	spanName       = 5
	spanKind       = 6
	spanStart      = 7
	spanEnd        = 8
	spanAttributes = 9
	spanStatus     = 15
	spanFlags      = 16

	keyValueKey   = 1
	keyValueValue = 2
	valueString   = 1
	valueBool     = 2
	valueInt      = 3
	valueDouble   = 4
	statusCode    = 3
	statusError   = 2
)

// The wire types of protobuf.
const (
	varint  = 0
	fixed64 = 1
	length  = 2
	fixed32 = 5
)

func appendTag(b []byte, field, wire uint64) []byte { return binary.AppendUvarint(b, field<<3|wire) }

func appendBytes[T string | []byte](b []byte, field uint64, value T) []byte {
	b = binary.AppendUvarint(appendTag(b, field, length), uint64(len(value)))
	return append(b, value...)
}

func appendFixed64(b []byte, field, value uint64) []byte {
	return binary.LittleEndian.AppendUint64(appendTag(b, field, fixed64), value)
}

func appendVarint(b []byte, field, value uint64) []byte {
	return binary.AppendUvarint(appendTag(b, field, varint), value)
}

// sizeVarint returns the number of bytes of a varint.
func sizeVarint(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// appendKey appends the beginning of an attribute whose value has the given size, encoded.
// The numbers of fields inside are small, so that their tags have one byte.
func appendKey(b []byte, field uint64, key string, size int) []byte {
	inner := 1 + sizeVarint(uint64(len(key))) + len(key) + 1 + sizeVarint(uint64(size)) + size
	b = binary.AppendUvarint(appendTag(b, field, length), uint64(inner))
	b = appendBytes(b, keyValueKey, key)
	return binary.AppendUvarint(appendTag(b, keyValueValue, length), uint64(size))
}

func appendAttribute(b []byte, field uint64, key, value string) []byte {
	b = appendKey(b, field, key, 1+sizeVarint(uint64(len(value)))+len(value))
	return appendBytes(b, valueString, value)
}

func appendIntAttribute(b []byte, key string, value uint64) []byte {
	return appendVarint(appendKey(b, spanAttributes, key, 1+sizeVarint(value)), valueInt, value)
}

func appendBoolAttribute(b []byte, key string, value bool) []byte {
	n := uint64(0)
	if value {
		n = 1
	}
	return appendVarint(appendKey(b, spanAttributes, key, 2), valueBool, n)
}

func appendFloatAttribute(b []byte, key string, value float64) []byte {
	return appendFixed64(appendKey(b, spanAttributes, key, 9), valueDouble, math.Float64bits(value))
}

// appendSpan appends a span as a member of ScopeSpans.
func appendSpan(b []byte, s *Span, ended time.Time) []byte {
	const fixed = 2 + 16 + 2 + 8 + 2 + 8 + 2 + 9 + 9 + 4 + 6 // ids, kind, times, status and flags, at most
	size := fixed + len(s.attrs) + 2*(1+binary.MaxVarintLen64) + len(s.State) + len(s.name)
	// The length comes first and is not known exactly: it is written in as many bytes as
	// the estimate needs, which a varint may have to spare.
	b = appendTag(b, scopeSpansSpans, length)
	at, width := len(b), sizeVarint(uint64(size))
	for range width {
		b = append(b, 0)
	}
	begin := len(b)
	b = appendBytes(b, spanTraceID, s.TraceID[:])
	b = appendBytes(b, spanSpanID, s.SpanID[:])
	if s.State != "" {
		b = appendBytes(b, spanState, s.State)
	}
	if s.parent != [8]byte{} {
		b = appendBytes(b, spanParent, s.parent[:])
	}
	b = appendBytes(b, spanName, s.name)
	b = appendVarint(b, spanKind, uint64(s.kind))
	b = appendFixed64(b, spanStart, uint64(s.began.UnixNano()))
	b = appendFixed64(b, spanEnd, uint64(ended.UnixNano()))
	b = append(b, s.attrs...)
	if s.failed {
		b = binary.AppendUvarint(appendTag(b, spanStatus, length), 2)
		b = appendVarint(b, statusCode, statusError)
	}
	b = binary.LittleEndian.AppendUint32(appendTag(b, spanFlags, fixed32), 1) // sampled
	size = len(b) - begin
	for i := range width {
		b[at+i] = byte(size>>(7*i)) & 0x7f
		if i < width-1 {
			b[at+i] |= 0x80
		}
	}
	return b
}

// appendRequest appends an export request of spans, which are encoded.
func appendRequest(b, resource, scope, spans []byte) []byte {
	scopeSpans := 1 + sizeVarint(uint64(len(scope))) + len(scope) + len(spans)
	resourceSpans := 1 + sizeVarint(uint64(len(resource))) + len(resource) + 1 + sizeVarint(uint64(scopeSpans)) + scopeSpans
	b = binary.AppendUvarint(appendTag(b, requestResourceSpans, length), uint64(resourceSpans))
	b = appendBytes(b, resourceSpansSource, resource)
	b = binary.AppendUvarint(appendTag(b, resourceSpansScope, length), uint64(scopeSpans))
	b = appendBytes(b, scopeSpansScope, scope)
	return append(b, spans...)
}
