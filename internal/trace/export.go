package trace

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// run sends batches until the tracer is closed: when one is full, and after some time.
func (t *Tracer) run() {
	defer close(t.stopped)
	tick := time.NewTicker(t.delay)
	defer tick.Stop()
	var batch []byte
	for {
		done := false
		select {
		case <-t.full:
		case <-tick.C:
		case <-t.stop:
			done = true
		}
		batch = t.flush(batch)
		if done {
			return
		}
	}
}

// flush sends what is pending. The batch before is used as the next one's memory.
func (t *Tracer) flush(spare []byte) []byte {
	t.mu.Lock()
	batch, count, dropped := t.pending, t.count, t.dropped
	t.pending, t.count, t.dropped = spare[:0], 0, 0
	t.mu.Unlock()
	if dropped > 0 {
		t.log.Warn("spans dropped; raise OTEL_BSP_MAX_QUEUE_SIZE", slog.Int("spans", dropped))
	}
	if count == 0 {
		return batch
	}
	if err := t.export(appendRequest(nil, t.resource, t.scope, batch)); err != nil {
		t.log.Warn("spans lost", slog.Int("spans", count), slog.Any("error", err))
	}
	return batch
}

// export sends a request. What the collector may accept later is tried again, within the
// time that one export may take.
func (t *Tracer) export(body []byte) error {
	header := t.header
	if t.gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // a buffer takes all
		_ = w.Close()
		body = b.Bytes()
		header = header.Clone()
		header.Set("Content-Encoding", "gzip")
	}
	deadline := time.Now().Add(t.timeout)
	for wait := 200 * time.Millisecond; ; wait *= 2 {
		after, err := t.post(header, body)
		if err == nil || after < 0 {
			return err
		}
		pause := max(after, wait/2+rand.N(wait/2))
		if time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-t.stop: // no time is left to wait
			return err
		}
	}
}

// post sends a request once. On an error it returns after which time to try again; a
// negative one means never.
func (t *Tracer) post(header http.Header, body []byte) (after time.Duration, err error) {
	req, err := http.NewRequest(http.MethodPost, t.endpoint, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	req.Header = header
	res, err := t.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	// The answer is read so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 if it is not said
		return time.Duration(seconds) * time.Second, fmt.Errorf("the collector answered %s", res.Status)
	}
	if res.StatusCode/100 != 2 {
		return -1, fmt.Errorf("the collector answered %s", res.Status)
	}
	return 0, nil
}
