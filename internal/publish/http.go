package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
)

// A client speaks with an HTTP API.
type client struct {
	http   *http.Client
	header http.Header // of every request, with the secret
}

func newClient(r *Release, header http.Header) *client {
	header.Set("User-Agent", "glide-release")
	return &client{&http.Client{Transport: r.transport()}, header}
}

// do sends a request and returns the answer if its status is less than 300. The caller closes its body.
func (c *client) do(ctx context.Context, method, url string, body io.Reader, size int64, mediaType string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	for key, values := range c.header {
		req.Header[key] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", mediaType)
		req.ContentLength = size
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	message, _ := io.ReadAll(io.LimitReader(res.Body, 500)) // an answer without a message is one too
	return nil, &refusedError{method + " " + req.URL.Redacted(), res.StatusCode, string(bytes.TrimSpace(message))}
}

// json sends a value, if there is one, and decodes the answer into another, if that is not nil.
func (c *client) json(ctx context.Context, method, url string, in, out any) (*http.Response, error) {
	var body io.Reader
	var size int64
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body, size = bytes.NewReader(text), int64(len(text))
	}
	res, err := c.do(ctx, method, url, body, size, "application/json")
	if err != nil {
		return nil, err
	}
	return res, decode(res, method+" "+url, out)
}

// upload sends a file.
func (c *client) upload(ctx context.Context, url, file, mediaType string, out any) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	res, err := c.do(ctx, http.MethodPost, url, f, info.Size(), mediaType)
	if err != nil {
		return err
	}
	return decode(res, "POST "+url, out)
}

// same gets a file and compares it with one of the release.
func (c *client) same(ctx context.Context, url, file string) error {
	res, err := c.do(ctx, http.MethodGet, url, nil, 0, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return sameAs(res.Body, file)
}

func decode(res *http.Response, request string, out any) error {
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s: its answer: %w", request, err)
	}
	return nil
}

// refused tells whether an error is an answer with one of the given statuses.
func refused(err error, statuses ...int) bool {
	r, ok := err.(*refusedError)
	return ok && slices.Contains(statuses, r.status)
}
