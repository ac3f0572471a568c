// Package scan finds values in JSON text without decoding it.
//
// A gateway needs two or three fields of a request that may hold a megabyte of prompt.
// The scanner looks at the structure only and skips over strings with the processor's
// vector instructions, so that it costs a fraction of what decoding would. It does not
// look inside strings: escapes and control characters are left to the receiver.
package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A Range is a part of the text: text[Start:End].
type Range struct{ Start, End int }

// Of returns the part of text that r covers.
func (r Range) Of(text []byte) []byte { return text[r.Start:r.End] }

// A SyntaxError says where the text stops being JSON.
type SyntaxError struct {
	Offset int // in bytes, from 0
	Want   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expected %s at byte %d", e.Want, e.Offset)
}

// maxDepth bounds the nesting, as the scanner calls itself for each level.
const maxDepth = 1000

// ErrDepth is returned for text that is nested too deeply to be of use to anyone.
var ErrDepth = errors.New("nested more than 1000 levels deep")

// Object calls member for each member of the object that text consists of, in order.
// The key is unescaped and valid only during the call. An error of member ends the scan
// and is returned; otherwise the whole text is checked.
func Object(text []byte, member func(key []byte, value Range) error) error {
	s := scanner{text}
	i := s.space(0)
	if i >= len(text) || text[i] != '{' {
		return &SyntaxError{i, "{"}
	}
	i, err := s.object(i, 0, member)
	if err != nil {
		return err
	}
	return s.end(i)
}

// Array calls element for each element of the array that text consists of, in order. An
// error of element ends the scan and is returned.
func Array(text []byte, element func(value Range) error) error {
	s := scanner{text}
	i := s.space(0)
	if i >= len(text) || text[i] != '[' {
		return &SyntaxError{i, "["}
	}
	i, err := s.array(i, 0, element)
	if err != nil {
		return err
	}
	return s.end(i)
}

// Null reports whether the value is null.
func Null(value []byte) bool { return string(value) == "null" }

// String returns the string that value is, and whether it is one.
func String(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

type scanner struct{ text []byte }

func (s scanner) end(i int) error {
	if i = s.space(i); i < len(s.text) {
		return &SyntaxError{i, "the end"}
	}
	return nil
}

func (s scanner) space(i int) int {
	for i < len(s.text) {
		switch s.text[i] {
		case ' ', '\n', '\r', '\t':
			i++
		default:
			return i
		}
	}
	return i
}

// value returns the end of the value that begins at i.
func (s scanner) value(i, depth int) (int, error) {
	if depth > maxDepth {
		return i, ErrDepth
	}
	if i >= len(s.text) {
		return i, &SyntaxError{i, "a value"}
	}
	switch c := s.text[i]; {
	case c == '"':
		return s.string(i)
	case c == '{':
		return s.object(i, depth, nil)
	case c == '[':
		return s.array(i, depth, nil)
	case c == '-' || '0' <= c && c <= '9':
		return s.number(i), nil
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.text[i:], []byte(word)) {
			return i + len(word), nil
		}
	}
	return i, &SyntaxError{i, "a value"}
}

func (s scanner) object(i, depth int, member func([]byte, Range) error) (int, error) {
	i = s.space(i + 1)
	if i < len(s.text) && s.text[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(s.text) || s.text[i] != '"' {
			return i, &SyntaxError{i, "a key in quotes"}
		}
		key := Range{Start: i}
		var err error
		if key.End, err = s.string(i); err != nil {
			return key.End, err
		}
		if i = s.space(key.End); i >= len(s.text) || s.text[i] != ':' {
			return i, &SyntaxError{i, "a colon"}
		}
		value := Range{Start: s.space(i + 1)}
		if value.End, err = s.value(value.Start, depth+1); err != nil {
			return value.End, err
		}
		if member != nil {
			if err := member(unquoteKey(key.Of(s.text)), value); err != nil {
				return value.End, err
			}
		}
		var done bool
		if i, done, err = s.next(value.End, '}'); done || err != nil {
			return i, err
		}
	}
}

func (s scanner) array(i, depth int, element func(Range) error) (int, error) {
	i = s.space(i + 1)
	if i < len(s.text) && s.text[i] == ']' {
		return i + 1, nil
	}
	for {
		value := Range{Start: i}
		var err error
		if value.End, err = s.value(i, depth+1); err != nil {
			return value.End, err
		}
		if element != nil {
			if err := element(value); err != nil {
				return value.End, err
			}
		}
		var done bool
		if i, done, err = s.next(value.End, ']'); done || err != nil {
			return i, err
		}
	}
}

// next steps over the comma after a value, or over the bracket that closes the whole.
func (s scanner) next(i int, closing byte) (after int, done bool, err error) {
	i = s.space(i)
	if i < len(s.text) {
		switch s.text[i] {
		case ',':
			return s.space(i + 1), false, nil
		case closing:
			return i + 1, true, nil
		}
	}
	return i, false, &SyntaxError{i, "a comma or " + string(closing)}
}

// string returns the end of the string that begins at i, with its quotes.
func (s scanner) string(i int) (int, error) {
	for end := i + 1; ; end++ {
		n := bytes.IndexByte(s.text[end:], '"')
		if n < 0 {
			return len(s.text), &SyntaxError{len(s.text), "a closing quote"}
		}
		end += n
		slashes := 0
		for s.text[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1, nil
		}
	}
}

func (s scanner) number(i int) int {
	for i < len(s.text) {
		switch c := s.text[i]; {
		case '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			i++
		default:
			return i
		}
	}
	return i
}

// unquoteKey returns the key without its quotes and escapes. A key that hides behind
// escapes must not get past a gateway that a provider would understand.
func unquoteKey(key []byte) []byte {
	inner := key[1 : len(key)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(key, &s) != nil {
		return inner
	}
	return []byte(s)
}
