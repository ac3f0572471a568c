package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Secret is a string that hides itself wherever it is printed, logged or encoded.
type Secret struct{ value string }

const redacted = "[redacted]"

// NewSecret returns value as a secret.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the secret itself. Its result goes into a request and nowhere else.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is no secret at all.
func (s Secret) Empty() bool { return s.value == "" }

func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return redacted
}

// GoString hides the secret from %#v, which would print the field otherwise.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret from the log.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// UnmarshalText takes text as the secret. The text never appears in an error.
func (s *Secret) UnmarshalText(text []byte) error {
	if strings.ContainsAny(string(text), "\r\n\x00") {
		return errors.New("has a line break inside; a key or header is one line")
	}
	s.value = string(text)
	return nil
}

// A Duration is a time span, such as "30s" or "1m30s".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText returns the span as one would write it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses a span of 0 or more with its unit.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return errors.New(`is not a time span; write it with a unit, such as "500ms", "30s" or "5m"`)
	}
	*d = Duration(v)
	return nil
}

// A Size is a number of bytes, such as "32MiB".
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// UnmarshalText parses a positive number of bytes with an optional unit.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return errors.New(`is not a size; write a whole number with a unit, such as "512KiB" or "32MiB"`)
	}
	*s = Size(n * unit)
	return nil
}

func (s Size) String() string {
	for _, u := range []int{2, 1, 0} {
		if n := sizeUnits[u]; int64(s)%n.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(s)/n.bytes, n.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

// MarshalText returns the size as one would write it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Rate is a number of events in a unit of time, such as "10/m".
type Rate struct {
	N   int
	Per time.Duration
}

var rateUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
}

// Interval returns the time in which one event is allowed on average.
func (r Rate) Interval() time.Duration { return r.Per / time.Duration(r.N) }

// UnmarshalText parses a rate such as "10/m".
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := strconv.ParseInt(number, 10, 31)
	per, ok := rateUnits[unit]
	if err != nil || n <= 0 || !ok {
		return errors.New(`is not a rate; write number/unit with a unit of ms, s, m or h, such as "10/m"`)
	}
	*r = Rate{N: int(n), Per: per}
	return nil
}

// MarshalText returns the rate as one would write it.
func (r Rate) MarshalText() ([]byte, error) {
	for name, d := range rateUnits {
		if d == r.Per {
			return fmt.Appendf(nil, "%d/%s", r.N, name), nil
		}
	}
	return nil, fmt.Errorf("rate per %s has no unit", r.Per)
}

// An Address is a place to listen, as host:port.
type Address string

// UnmarshalText parses host:port with a numeric port.
func (a *Address) UnmarshalText(text []byte) error {
	host, port, err := net.SplitHostPort(string(text))
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || strings.ContainsAny(host, " /") {
		return errors.New(`is not an address; write host:port, such as "127.0.0.1:9099"`)
	}
	*a = Address(text)
	return nil
}

// A URL is the base address of a provider's API, without a slash at its end.
type URL struct{ url.URL }

// UnmarshalText parses an absolute http or https URL without query or user.
func (u *URL) UnmarshalText(text []byte) error {
	v, err := url.Parse(strings.TrimRight(string(text), "/"))
	switch {
	case err != nil || v.Host == "" || v.Scheme != "http" && v.Scheme != "https":
		return errors.New(`is not a base address; write it in full, such as "https://api.openai.com/v1"`)
	case v.User != nil:
		return errors.New("holds a password; move it to api_key or headers")
	case v.RawQuery != "" || v.Fragment != "":
		return errors.New("has a query or fragment; a base address ends with its path")
	}
	u.URL = *v
	return nil
}

// MarshalText returns the address.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// JSON is any value of the file, encoded as JSON.
type JSON = json.RawMessage
