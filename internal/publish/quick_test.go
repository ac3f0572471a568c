//go:build !e2e

package publish

const full = false
