package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/dialect"
	"github.com/einstack/glide/internal/provider"
	"github.com/einstack/glide/internal/scan"
	"github.com/einstack/glide/internal/sse"
)

// maxPlain is how much of a plain answer, in bytes, is taken in before the client gets any of
// it. Large answers are lists of embeddings, and images.
const maxPlain = 16 << 20

var (
	errNotJSON = errors.New("the provider promised success but sent something else than a JSON object")
	errBroken  = errors.New("the provider broke the stream off")
)

// relayPlain gives the client a plain answer. It is taken in as a whole first, unless it is
// very large: one that is cut short or is no answer at all leaves room for another model.
func (t *try) relayPlain(ctx context.Context, answer *provider.Answer) *setback {
	body, err := provider.ReadBody(answer.Body, answer.Length, maxPlain)
	if err != nil {
		return t.failed(ctx, err)
	}
	defer body.Release()
	large := len(body.Bytes) > maxPlain
	failed := false
	var usage chat.Usage
	err = scan.Object(body.Bytes, func(key []byte, value scan.Range) error {
		switch string(key) {
		case "error":
			failed = failed || !scan.Null(value.Of(body.Bytes))
		case "usage":
			usage = dialect.Usage(value.Of(body.Bytes))
		}
		return nil
	})
	switch {
	case large && bytes.HasPrefix(bytes.TrimLeft(body.Bytes, " \t\r\n"), []byte("{")):
		// More than how it begins cannot be said.
	case err != nil:
		return t.failed(ctx, errNotJSON)
	case failed:
		return t.failedInBand(answer.Header, append([]byte(nil), body.Bytes...))
	}
	t.attempt.Succeed(time.Since(t.began))
	t.unwatch() // the client may take its time
	if t.usage = usage; answer.Usage != nil {
		t.usage = *answer.Usage
	}
	h := t.commit(answer)
	if !large {
		h["Content-Length"] = []string{strconv.Itoa(len(body.Bytes))}
	} else if answer.Length >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(answer.Length, 10)}
	}
	t.w.WriteHeader(answer.Status)
	if t.sendPieces(body.Bytes) && large {
		if end := t.copyRest(ctx, answer, body.Bytes); t.usage.Total() == 0 {
			t.usage = lastUsage(end)
		}
	}
	return nil
}

const (
	// usageTail is how much of a plain answer's end is searched for its usage, in bytes.
	usageTail = 8 << 10
	// maxPiece is how much a client has to accept in one go, in bytes.
	maxPiece = 256 << 10
)

// sendPieces writes to the client, which has its time for each piece. It reports false if the
// client is gone.
func (t *try) sendPieces(data []byte) bool {
	for len(data) > maxPiece {
		if !t.send(data[:maxPiece]) {
			return false
		}
		data = data[maxPiece:]
	}
	return t.send(data)
}

// copyRest gives the client the rest of an answer of which it has got begun, whose memory it
// uses again, and returns the end of it. An answer that is cut short breaks the connection.
func (t *try) copyRest(ctx context.Context, answer *provider.Answer, begun []byte) (end []byte) {
	copy(begun, begun[len(begun)-usageTail:])
	for {
		t.watch(t.attempt.Model.Config.Client.IdleTimeout.Std(), &errIdle)
		n, err := answer.Body.Read(begun[usageTail:][:maxPiece])
		t.unwatch()
		end = begun[:usageTail+n]
		if n > 0 && !t.send(end[usageTail:]) || err == io.EOF {
			return end
		}
		if t.r.Context().Err() != nil {
			t.failure = clientGone
			return end
		}
		if err != nil {
			t.broken(ctx, err)
			panic(http.ErrAbortHandler)
		}
		copy(begun, end[n:])
	}
}

// lastUsage returns the usage that the end of an answer states.
func lastUsage(end []byte) (u chat.Usage) {
	at := bytes.LastIndex(end, []byte(`"usage"`))
	if at < 0 {
		return u
	}
	members := append([]byte("{"), end[at:]...)
	// What else the end holds does not matter.
	_ = scan.Object(members, func(key []byte, value scan.Range) error {
		if string(key) == "usage" {
			u = dialect.Usage(value.Of(members))
		}
		return nil
	})
	return u
}

// failedInBand takes note of an error in an answer that has the status of a success.
func (t *try) failedInBand(header http.Header, body []byte) *setback {
	t.attempt.Fail()
	return &setback{model: t.attempt.Model.ID, status: http.StatusBadGateway, header: header, body: body, inBand: true}
}

// commit settles that the client gets this answer, and returns its headers.
func (t *try) commit(answer *provider.Answer) http.Header {
	t.model, t.status = t.attempt.Model, answer.Status
	h := t.w.Header()
	copyHeader(h, answer.Header)
	t.client.Tell(h) // in place of what the provider says of its limits
	h["X-Glide-Model"] = []string{t.attempt.Model.ID}
	return h
}

// maxHeld is how much of a stream, in bytes, is held back while it has no content.
const maxHeld = 1 << 20

// relayStream gives the client a stream. Its events are held back until the first one
// with content, since up to then another model can take over.
func (t *try) relayStream(ctx context.Context, answer *provider.Answer) *setback {
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return t.notStream(ctx, answer)
	}
	events := sse.NewReader(answer.Body)
	var p dialect.Progress
	held, back, ok := t.hold(ctx, events, &p)
	if !ok {
		return back
	}
	t.first = time.Since(t.began)
	t.attempt.Succeed(t.first)
	// No other model will be asked, and the stream may last.
	t.call.Body.Release()
	t.call.Body = nil
	h := t.commit(answer)
	answer.Header = nil
	h["Cache-Control"] = []string{"no-cache"}
	h["X-Accel-Buffering"] = []string{"no"} // or nginx in front would hold events back
	t.w.WriteHeader(answer.Status)
	t.pump(ctx, events, held, &p)
	if answer.Usage != nil {
		t.usage = *answer.Usage // even if the client did not want to know
	}
	return nil
}

// hold returns the events up to the first one with content. If none comes it reports false, and what
// is to become of the attempt.
func (t *try) hold(ctx context.Context, events *sse.Reader, p *dialect.Progress) (held []byte, back *setback, ok bool) {
	for !p.Content && len(held) < maxHeld {
		event, err := events.Next()
		if err != nil {
			if err == io.EOF {
				err = errBroken
			}
			return nil, t.failed(ctx, err), false
		}
		t.follow(p, event)
		if p.Failed {
			return nil, t.failedInBand(http.Header{"Content-Type": {"application/json"}}, p.Refusal), false
		}
		if p.Done && !p.Content {
			return nil, t.failed(ctx, errBroken), false // it ends without having said anything
		}
		held = append(held, event...)
	}
	return held, nil, true
}

// notStream takes note of an answer that should have been a stream.
func (t *try) notStream(ctx context.Context, answer *provider.Answer) *setback {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
	if err == nil && isJSON(answer.Header.Get("Content-Type")) {
		var p dialect.Progress
		t.call.Dialect.Follow(&p, append(append([]byte("data: "), body...), "\n\n"...))
		if p.Failed {
			return t.failedInBand(answer.Header, body)
		}
	}
	return t.failed(ctx, provider.ErrNotStream)
}

// pump passes on the rest of a stream, after what was held back of it.
func (t *try) pump(ctx context.Context, events *sse.Reader, pending []byte, p *dialect.Progress) {
	client := &t.attempt.Model.Config.Client
	for {
		// One write for all that is here, so that a fast stream is not cut to pieces. After
		// the first time the events lie one behind the other already.
		for events.Buffered() {
			event, err := events.Next()
			if err != nil {
				break
			}
			t.follow(p, event)
			pending = append(pending, event...)
		}
		t.unwatch() // the client may take its time
		if !t.send(pending) {
			return
		}
		if p.Done {
			// The provider's end of the connection is worth a moment: without it the
			// connection cannot be used again.
			t.watch(time.Second, &errIdle)
		} else {
			t.watch(client.IdleTimeout.Std(), &errIdle)
		}
		event, err := events.Next()
		if err != nil {
			t.usage = p.Usage
			t.end(ctx, p, err)
			return
		}
		t.follow(p, event)
		pending = event
	}
}

func (t *try) follow(p *dialect.Progress, event []byte) {
	t.events++
	t.call.Dialect.Follow(p, event)
}

// send writes to the client at once. It reports false if the client is gone.
func (t *try) send(data []byte) bool {
	t.writeDeadline()
	_, err := t.w.Write(data)
	if err == nil {
		err = t.control.Flush()
	}
	if err != nil {
		t.failure = clientGone
	}
	return err == nil
}

// end closes a stream that gives no more events because of err. One that is not complete
// ends with an error in the stream and a broken connection, so that no client takes it
// for a whole answer.
func (t *try) end(ctx context.Context, p *dialect.Progress, err error) {
	if p.Done && !p.Failed {
		return // the client has it all, and may be gone
	}
	if t.r.Context().Err() != nil {
		t.failure = clientGone
		return
	}
	if p.Failed {
		t.attempt.Fail()
		t.failure = "the provider reported an error in the stream"
		return
	}
	if p.Finished && err == io.EOF {
		t.send(t.call.Dialect.Finish(p))
		return
	}
	t.broken(ctx, err)
	t.send(t.call.Dialect.EncodeStreamError(chat.Failed(http.StatusBadGateway, "stream_broken", "%s: %s; what came so far is not the whole answer", t.attempt.Model.ID, t.failure)))
	panic(http.ErrAbortHandler)
}

// broken takes note of an answer that broke off because of err.
func (t *try) broken(ctx context.Context, err error) {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	} else if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errBroken
	}
	t.attempt.Fail()
	t.failure = err.Error()
}
