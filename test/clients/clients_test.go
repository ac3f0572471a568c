// Package clients runs the official SDKs of providers as clients against the glide binary,
// unchanged but for the base URL.
package clients

import (
	"os"
	"testing"

	"github.com/einstack/glide/internal/testkit"
)

func TestMain(m *testing.M) {
	status := m.Run()
	testkit.RemoveBinary()
	os.Exit(status)
}
