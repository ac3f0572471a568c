package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
)

// unknownFields returns the top-level fields of body that known, a struct, has no field
// for. Fields that are null say nothing and are left out. The map is never nil.
func unknownFields(body []byte, known any) (map[string]json.RawMessage, error) {
	extra := map[string]json.RawMessage{}
	names := map[string]bool{}
	for field := range reflect.TypeOf(known).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = true
	}
	err := scan.Object(body, func(key []byte, value scan.Range) error {
		if text := value.Of(body); !names[string(key)] && !scan.Null(text) {
			extra[string(key)] = bytes.Clone(text)
		}
		return nil
	})
	if err != nil {
		return nil, chat.Invalid("", "the request is not JSON: %v", err)
	}
	return extra, nil
}

// fieldOf returns the name of the field that a decoding error is about, or "".
func fieldOf(err error) string {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return typeErr.Field
	}
	return ""
}
