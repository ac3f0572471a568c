//go:build e2e

package publish

// full lets every call fail in every way, rather than each in another.
const full = true
