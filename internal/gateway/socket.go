package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/config"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/provider"
)

// A socket is a WebSocket of a client. Each message begins a chat or cancels one; chats
// run side by side, and their answers name them.
type socket struct {
	g       *Gateway
	request *http.Request // that opened it
	running sync.WaitGroup

	mu       sync.Mutex
	conn     *websocket.Conn        // nil until it is open
	chats    map[string]*chatWriter // by their ids, until the last message
	most     int                    // of them
	busy     int                    // chats that are not over
	draining bool
}

// serveChatStream is GET /v1/language/{router}/chatStream. Until the connection is a
// WebSocket, a refusal is an answer like any other.
func (g *Gateway) serveChatStream(w http.ResponseWriter, r *http.Request) {
	state := g.state.Load()
	api := &state.config.API
	s := &socket{g: g, request: r, chats: map[string]*chatWriter{}, most: api.WebSocket.MaxChats}
	e := s.check(state)
	if e == nil {
		e = g.sockets.add(s, api.WebSocket.MaxConnections)
	}
	if e != nil {
		if e.Status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
		}
		writeError(w, dialect.Glide{}, e)
		return
	}
	defer g.sockets.remove(s)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns: api.HTTP.CORSOrigins, InsecureSkipVerify: slices.Contains(api.HTTP.CORSOrigins, "*"),
	})
	if err != nil {
		g.log.Debug("no WebSocket", slog.String("error", err.Error()))
		return // the client was told
	}
	conn.SetReadLimit(int64(api.HTTP.MaxBodySize))
	s.serve(context.WithoutCancel(r.Context()), conn, api)
}

// check refuses a client that would be refused again for each of its chats.
func (s *socket) check(state *state) *chat.Error {
	if !strings.EqualFold(s.request.Header.Get("Upgrade"), "websocket") {
		e := chat.Invalid("", "%s is a WebSocket; connect to it as ws:// or wss://", s.request.URL.Path)
		e.Status, e.Code = http.StatusUpgradeRequired, "upgrade_required"
		return e
	}
	if e := s.g.looped(s.request); e != nil {
		return e
	}
	// Each chat shows the key again, as it may be withdrawn by then.
	client, e := state.admit(s.request.Header.Clone())
	if e != nil {
		return e
	}
	x := exchange{state: state, client: client, r: s.request}
	if e := x.findRouter(); e != nil {
		return e
	}
	return x.permit()
}

// serve reads messages until the client or a drain ends the connection. Chats that still
// run are broken off then.
func (s *socket) serve(ctx context.Context, conn *websocket.Conn, api *config.API) {
	defer s.running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer conn.CloseNow()
	s.open(conn)
	s.running.Go(func() { s.ping(ctx, api.WebSocket.PingInterval.Std()) })
	for {
		message, err := s.read(ctx, api.HTTP.ReadTimeout.Std())
		if err != nil {
			s.g.log.Debug("WebSocket ended", slog.String("error", err.Error()))
			return
		}
		s.take(ctx, message)
	}
}

// read returns the next message. It may be long until one begins, but not until the rest
// of it is here.
func (s *socket) read(ctx context.Context, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, r, err := s.conn.Reader(ctx)
	if err != nil {
		return nil, err
	}
	defer time.AfterFunc(limit, cancel).Stop()
	return io.ReadAll(r)
}

// ping asks the client whether it is still there, and cuts it off if it does not say so.
func (s *socket) ping(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		limited, cancel := context.WithTimeout(ctx, every)
		err := s.conn.Ping(limited)
		cancel()
		if err != nil {
			s.conn.CloseNow() // ends the reading too
			return
		}
	}
}

// take begins the chat that a message asks for, or cancels one. What is refused is
// answered before the next message is read, so that no client can pile up refusals.
func (s *socket) take(ctx context.Context, message []byte) {
	m, e := readChatMessage(message)
	if e == nil && m.cancel {
		s.cancel(m.id)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	w := newChatWriter(s, m, cancel)
	x := s.g.begin(w, s.request.Clone(ctx), dialect.Glide{Origin: new(dialect.Origin), Stream: true})
	x.call.Stream, x.call.Body, x.size = true, provider.NewBody(message), len(message)
	x.r.Header.Del("Idempotency-Key") // a chat is not the one before
	if e == nil {
		e = s.enter(w)
	}
	if e != nil {
		defer cancel()
		x.refuse(e)
		x.close()
		return
	}
	s.running.Go(func() {
		defer cancel()
		defer s.leave(w)
		defer s.recover()
		x.serve((*exchange).takeChat)
		if x.failure == clientGone {
			w.fail(&chat.Error{Code: "cancelled", Message: "the chat was cancelled"})
		}
	})
}

// takeChat takes in a chat of a WebSocket.
func (x *exchange) takeChat() *chat.Error {
	if e := x.admit(); e != nil {
		return e
	}
	return x.findRouter()
}

// recover ends a chat that panics. One whose stream breaks does, after it told so.
func (s *socket) recover() {
	if v := recover(); v != nil && v != http.ErrAbortHandler {
		s.g.log.Error("panic in a chat", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
		s.conn.CloseNow()
	}
}

func (s *socket) open(conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	s.closeIfIdle()
}

// enter adds a chat to those that run.
func (s *socket) enter(w *chatWriter) *chat.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, twice := s.chats[w.id]; {
	case s.draining:
		return errDraining
	case twice:
		return chat.Invalid("id", "the chat %q is still running; give each its own id", w.id)
	case len(s.chats) >= s.most:
		return &chat.Error{
			Status: http.StatusTooManyRequests, Type: "requests", Code: "too_many_chats",
			Message: "too many chats run on this WebSocket; wait for one to end, or raise api.websocket.max_chats",
		}
	}
	s.chats[w.id] = w
	s.busy++
	return nil
}

// free gives the id of a chat, whose last message is about to be sent, to the next.
func (s *socket) free(w *chatWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats[w.id] == w {
		delete(s.chats, w.id)
	}
}

// leave takes note that a chat is over.
func (s *socket) leave(w *chatWriter) {
	s.free(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.closeIfIdle()
}

// cancel breaks a chat off. One that is over already has told so.
func (s *socket) cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.chats[id]; ok {
		w.cancel()
	}
}

// drain lets no chat begin any more, and closes the connection once none runs.
func (s *socket) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	s.closeIfIdle()
}

// closeIfIdle says goodbye if there is nothing left to do. The lock is held.
func (s *socket) closeIfIdle() {
	if s.draining && s.conn != nil && s.busy == 0 {
		conn := s.conn
		// The reading ends when the client says goodbye too, or has let its time pass.
		go func() { _ = conn.Close(websocket.StatusGoingAway, "the gateway is shutting down; connect again") }()
	}
}

// cut breaks everything off.
func (s *socket) cut() {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.CloseNow()
	}
}
