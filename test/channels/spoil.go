package channels

import "regexp"

// A digest as servers write it: hexadecimal, or Base64 of SHA-512.
var digest = regexp.MustCompile(`sha256:[0-9a-f]{64}|[0-9a-f]{96}|[A-Za-z0-9+/]{86}==`)

// spoil changes the last figure of every digest in a text.
func spoil(text []byte) []byte {
	return digest.ReplaceAllFunc(text, func(d []byte) []byte {
		other := append([]byte{}, d...)
		at := len(other) - 4
		if other[at] == '0' {
			other[at] = '1'
		} else {
			other[at] = '0'
		}
		return other
	})
}
