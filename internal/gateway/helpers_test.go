package gateway_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/einstack/glide/internal/provider"
)

// TestMain runs more tests at once than there are processors: most of them wait for a
// timeout of the gateway. In the end no goroutine may be left.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err) // the flag is the testing package's own
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	provider.CloseIdle()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
