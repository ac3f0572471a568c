package sse_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/einstack/glide/internal/sse"
)

func read(src io.Reader) (events []string, err error) {
	r := sse.NewReader(src)
	for {
		event, err := r.Next()
		if err != nil {
			return events, err
		}
		events = append(events, string(event))
	}
}

func TestReader(t *testing.T) {
	big := "data: " + strings.Repeat("x", 300<<10) + "\n\n"
	tests := []struct {
		name, stream string
		want         []string
		err          error
	}{
		{"empty", "", nil, io.EOF},
		{"two", "data: 1\n\ndata: 2\n\n", []string{"data: 1\n\n", "data: 2\n\n"}, io.EOF},
		{"carriage returns", "data: 1\r\n\r\ndata: 2\r\n\r\n", []string{"data: 1\r\n\r\n", "data: 2\r\n\r\n"}, io.EOF},
		{"comment", ": ping\n\ndata: 1\n\n", []string{": ping\n\n", "data: 1\n\n"}, io.EOF},
		{"several lines", "event: a\ndata: 1\ndata: 2\n\n", []string{"event: a\ndata: 1\ndata: 2\n\n"}, io.EOF},
		{"large", big + "data: 1\n\n", []string{big, "data: 1\n\n"}, io.EOF},
		{"last empty line missing", "data: 1\n\ndata: [DONE]\n", []string{"data: 1\n\n", "data: [DONE]\n\n"}, io.EOF},
		{"half an event", "data: 1\n\ndata: {\"a", []string{"data: 1\n\n"}, io.ErrUnexpectedEOF},
		{"blank end", "data: 1\n\n\n", []string{"data: 1\n\n"}, io.EOF},
	}
	for _, tt := range tests {
		for how, src := range map[string]io.Reader{
			"whole":        strings.NewReader(tt.stream),
			"byte by byte": iotest.OneByteReader(strings.NewReader(tt.stream)),
			"error late":   iotest.DataErrReader(strings.NewReader(tt.stream)),
			"empty reads":  &stutter{src: strings.NewReader(tt.stream)},
		} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				got, err := read(src)
				if err != tt.err || !slices.Equal(got, tt.want) {
					t.Errorf("got %.200q, %v, want %.200q, %v", got, err, tt.want, tt.err)
				}
			})
		}
	}
}

// A stutter gives nothing at every other read.
type stutter struct {
	src     io.Reader
	nothing bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.nothing = !s.nothing; s.nothing {
		return 0, nil
	}
	return s.src.Read(p)
}

// TestReaderDoesNotWait sends events of all small sizes, and nothing behind each.
func TestReaderDoesNotWait(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r\n"} {
		for size := range 140 {
			synctest.Test(t, func(t *testing.T) {
				src, w := io.Pipe()
				event := "data: " + strings.Repeat("x", size) + end
				r := sse.NewReader(src)
				for range 2 {
					go func() { _, _ = io.WriteString(w, event) }()
					// One that waited for more would wait for ever, which ends the test.
					if got, err := r.Next(); err != nil || string(got) != event {
						t.Errorf("got %q, %v, want %q", got, err, event)
					}
				}
			})
		}
	}
}

// TestLineReader splits lines, however they arrive.
func TestLineReader(t *testing.T) {
	big := `{"x":"` + strings.Repeat("ü", 150<<10) + "\"}\n"
	for how, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "error late": iotest.DataErrReader,
	} {
		t.Run(how, func(t *testing.T) {
			r := sse.NewLineReader(wrap(strings.NewReader("{}\n\r\n" + big + "{}\n\n{\"last")))
			for _, want := range []string{"{}\n", "\r\n", big, "{}\n", "\n", `{"last`} {
				if got, err := r.Next(); err != nil || string(got) != want {
					t.Fatalf("got %.200q, %v, want %.200q", got, err, want)
				}
			}
			if got, err := r.Next(); err != io.EOF {
				t.Errorf("got %.200q, %v at the end", got, err)
			}
		})
	}
	r := sse.NewLineReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("{}\n"))))
	if got, err := r.Next(); err != iotest.ErrTimeout {
		t.Errorf("got %q, %v of a source that breaks off", got, err)
	}
}

func TestReaderSourceError(t *testing.T) {
	broken := errors.New("connection reset")
	got, err := read(io.MultiReader(strings.NewReader("data: 1\n\ndata: 2\n"), iotest.ErrReader(broken)))
	if err != broken || len(got) != 1 {
		t.Errorf("got %q, %v, want one event and the error", got, err)
	}
}

func TestReaderTooLong(t *testing.T) {
	_, err := read(io.MultiReader(strings.NewReader("data: "), bytes.NewReader(make([]byte, sse.MaxEvent))))
	if err != sse.ErrTooLong {
		t.Errorf("got %v, want %v", err, sse.ErrTooLong)
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ event, name, data string }{
		{"data: x\n\n", "", "x"},
		{"data:x\r\n\r\n", "", "x"},
		{"event: ping\ndata: {}\n\n", "ping", "{}"},
		{"data: a\ndata: b\nid: 7\n\n", "", "a\nb"},
		{"data:\ndata: b\n\n", "", "\nb"},
		{": comment\n\n", "", ""},
		{"data\n\n", "", ""},
	}
	for _, tt := range tests {
		if name, data := sse.Parse([]byte(tt.event)); string(name) != tt.name || string(data) != tt.data {
			t.Errorf("Parse(%q) = %q, %q, want %q, %q", tt.event, name, data, tt.name, tt.data)
		}
	}
}

// FuzzReader proves that no byte of a stream is lost, however it is cut into reads.
func FuzzReader(f *testing.F) {
	f.Add("data: 1\n\n: x\r\n\r\n", 3)
	f.Add("data: 1\n\r\n\n\ndata", 1)
	f.Fuzz(func(t *testing.T, stream string, cut int) {
		whole, wholeErr := read(strings.NewReader(stream))
		cut = min(max(cut, 0), len(stream))
		parts, partsErr := read(io.MultiReader(strings.NewReader(stream[:cut]), strings.NewReader(stream[cut:])))
		if wholeErr != partsErr || !slices.Equal(whole, parts) {
			t.Fatalf("cut at %d: %q, %v; whole: %q, %v", cut, parts, partsErr, whole, wholeErr)
		}
		joined := strings.Join(whole, "")
		if wholeErr == io.EOF && !strings.HasPrefix(joined+"\n\n", strings.TrimRight(stream, "\r\n")) {
			t.Fatalf("lost bytes: %q of %q", joined, stream)
		}
	})
}

// TestReaderMemory lets readers take turns, since they share their memory, and looks where events lie.
func TestReaderMemory(t *testing.T) {
	type source struct {
		*sse.Reader
		w *io.PipeWriter
	}
	var sources []source
	for range 3 {
		r, w := io.Pipe()
		sources = append(sources, source{sse.NewReader(r), w})
	}
	for round := range 50 {
		for i, s := range sources {
			// Many more bytes in each round than in the one before, of two events.
			half := fmt.Sprintf("data: %s\n\n", strings.Repeat(fmt.Sprint(i), 1+round*round))
			go func() { _, _ = s.w.Write([]byte(half + half)) }()
			first, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			here := s.Buffered()
			second, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if string(second) != half {
				t.Fatalf("round %d: reader %d got %.50q", round, i, second)
			}
			if !here {
				continue // the first was valid until now
			}
			if both := append(first, second...); string(both) != half+half || &both[0] != &first[0] {
				t.Fatalf("round %d: reader %d got %.50q, and the second not right behind it", round, i, both)
			}
		}
	}
}
