// Package port finds ports for servers that are started more than once, or by a name that is told before.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Free returns an address of this machine, 127.0.0.1:PORT, that nothing listens on. Its port is none that
// systems give away by themselves, to the other end of any connection: it stays free.
func Free() (string, error) {
	const first, last = 20000, 32000 // those begin at 32768 on Linux, 49152 elsewhere
	var errs []error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}
