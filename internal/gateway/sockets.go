package gateway

import (
	"net/http"
	"sync"

	"github.com/einstack/glide/internal/chat"
)

// sockets holds the WebSockets that are open. The HTTP server knows nothing of them.
type sockets struct {
	mu       sync.Mutex
	open     map[*socket]struct{}
	draining bool
	gone     chan struct{} // closed when none is left of those that are drained
}

var errDraining = chat.Failed(http.StatusServiceUnavailable, "draining", "the gateway is shutting down; connect again")

// add refuses s if there are too many.
func (l *sockets) add(s *socket, most int) *chat.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.draining:
		return errDraining
	case len(l.open) >= most:
		return chat.Failed(http.StatusServiceUnavailable, "too_many_connections", "too many WebSockets are open; try another gateway, or raise api.websocket.max_connections")
	case l.open == nil:
		l.open = map[*socket]struct{}{}
	}
	l.open[s] = struct{}{}
	return nil
}

func (l *sockets) remove(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, s)
	l.closeIfGone()
}

func (l *sockets) closeIfGone() {
	if l.draining && len(l.open) == 0 {
		close(l.gone)
	}
}

// count returns how many are open.
func (l *sockets) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// drain lets none in any more and closes each as soon as no chat runs on it. The channel
// that it returns closes when all are gone.
func (l *sockets) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining, l.gone = true, make(chan struct{})
	for s := range l.open {
		s.drain()
	}
	l.closeIfGone()
	return l.gone
}

// cut breaks all of them off.
func (l *sockets) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.open {
		s.cut()
	}
}
