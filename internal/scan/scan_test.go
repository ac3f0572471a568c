package scan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/scan"
)

// members returns "key=value" of each member of text.
func members(text string) ([]string, error) {
	var got []string
	err := scan.Object([]byte(text), func(key []byte, value scan.Range) error {
		got = append(got, fmt.Sprintf("%s=%s", key, value.Of([]byte(text))))
		return nil
	})
	return got, err
}

func TestObject(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the members, joined by |
	}{
		{"empty", ` { } `, ""},
		{"scalars", `{"a":1,"b":-2.5e+7,"c":true,"d":null,"e":"x"}`, `a=1|b=-2.5e+7|c=true|d=null|e="x"`},
		{"space everywhere", "\t{ \"a\" :\r\n[ 1 , 2 ] , \"b\" : { \"c\" : 3 } }\n", `a=[ 1 , 2 ]|b={ "c" : 3 }`},
		{"quotes inside", `{"a":"say \"}\"","b":"back\\","c":"\\\""}`, `a="say \"}\""|b="back\\"|c="\\\""`},
		{"twenty digits", `{"seed":12345678901234567890}`, `seed=12345678901234567890`},
		{"nested key", `{"x":{"model":"inner"},"model":"outer"}`, `x={"model":"inner"}|model="outer"`},
		{"escaped key", `{"mod\u0065l":1}`, `model=1`},
		{"key twice", `{"a":1,"a":2}`, `a=1|a=2`},
		{"not ASCII", `{"ä":"日本"}`, `ä="日本"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := members(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(got, "|"); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func TestObjectBroken(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "expected { at byte 0"},
		{"[]", "expected { at byte 0"},
		{`{`, "expected a key in quotes at byte 1"},
		{`{"a"`, "expected a colon at byte 4"},
		{`{"a":`, "expected a value at byte 5"},
		{`{"a":"x`, "expected a closing quote at byte 7"},
		{`{"a":"x\"`, "expected a closing quote at byte 9"},
		{`{"a":1`, "expected a comma or } at byte 6"},
		{`{"a":1]`, "expected a comma or } at byte 6"},
		{`{"a":1,}`, "expected a key in quotes at byte 7"},
		{`{"a":[1,]}`, "expected a value at byte 8"},
		{`{"a":[}`, "expected a value at byte 6"},
		{`{"a":1} x`, "expected the end at byte 8"},
		{`{"a":nope}`, "expected a value at byte 5"},
		{`{"a":` + strings.Repeat("[", 100_000), "nested more than 1000 levels deep"},
	}
	for _, tt := range tests {
		if _, err := members(tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("%.20s: got error %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestArrayStops(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	err := scan.Array([]byte(`[1,[2],{"a":3}]`), func(scan.Range) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if err != stop || n != 2 {
		t.Errorf("got %v after %d elements, want stop after 2", err, n)
	}
}

func TestString(t *testing.T) {
	for value, want := range map[string]string{`"a"`: "a", `"a\u00e4\n"`: "aä\n", `""`: ""} {
		if got, ok := scan.String([]byte(value)); !ok || got != want {
			t.Errorf("String(%s) = %q, %v", value, got, ok)
		}
	}
	for _, value := range []string{"1", "null", "{}", `"\x"`} {
		if got, ok := scan.String([]byte(value)); ok {
			t.Errorf("String(%s) = %q, want none", value, got)
		}
	}
}

// FuzzObject compares the scanner with the standard library: what that accepts, the
// scanner splits into the same members.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"b":[{"c":"\""}]}`, `{"a":"\\"}`, `{"a":1e5,"a":null}`, `{"\u0061":[]}`, `{"a":`, `{"a":[[[1]]]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]json.RawMessage{}
		err := scan.Object([]byte(text), func(key []byte, value scan.Range) error {
			got[string(key)] = json.RawMessage(value.Of([]byte(text)))
			return nil
		})
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return // the scanner may be more lenient inside of strings and numbers
		}
		if err != nil && !errors.Is(err, scan.ErrDepth) {
			t.Fatalf("scan refuses what encoding/json takes: %v", err)
		}
		for key, value := range want {
			if strings.ContainsRune(key, '\uFFFD') {
				continue // invalid UTF-8, which encoding/json replaces
			}
			if err == nil && string(got[key]) != string(value) {
				t.Errorf("member %q: got %s, want %s", key, got[key], value)
			}
		}
	})
}

func BenchmarkObject100KB(b *testing.B) {
	text := []byte(`{"model":"default","messages":[{"role":"user","content":"` + strings.Repeat(`word \n `, 12_500) + `"}]}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := scan.Object(text, func([]byte, scan.Range) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
