package gateway_test

import (
	"flag"
	"io"
	"net/http"
	"os"
	"testing"
)

// TestMain runs more tests at once than there are processors: most of them wait for a
// timeout of the gateway.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err) // the flag is the testing package's own
	}
	os.Exit(m.Run())
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
