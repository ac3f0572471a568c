package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/chat"
	"github.com/einstack/glide/internal/scan"
)

// unknownFields returns the fields of body that known, a struct, has no field for, by
// their paths, such as messages[0].audio. Fields that say nothing, such as null, are left
// out. The map is never nil.
func unknownFields(body []byte, known any) (map[string]json.RawMessage, error) {
	extra := map[string]json.RawMessage{}
	if err := gatherUnknown(extra, "", bytes.TrimLeft(body, " \r\n\t"), reflect.TypeOf(known)); err != nil {
		return nil, chat.Invalid("", "the request is not JSON: %v", err)
	}
	return extra, nil
}

// gatherUnknown adds the fields of data, at the path given, that t does not know. What
// has another form than t is left to the decoder.
func gatherUnknown(extra map[string]json.RawMessage, path string, data []byte, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && data[0] == '{':
		fields := map[string]reflect.Type{}
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" {
				return nil // a type that decodes itself
			}
			fields[name] = field.Type
		}
		return scan.Object(data, func(key []byte, value scan.Range) error {
			at := string(key)
			if path != "" {
				at = path + "." + at
			}
			field, ok := fields[string(key)]
			if text := value.Of(data); ok {
				return gatherUnknown(extra, at, text, field)
			} else if !isBlank(text) {
				extra[at] = bytes.Clone(text)
			}
			return nil
		})
	case t.Kind() == reflect.Map && data[0] == '{':
		return scan.Object(data, func(key []byte, value scan.Range) error {
			return gatherUnknown(extra, path+"."+string(key), value.Of(data), t.Elem())
		})
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && data[0] == '[':
		i := -1
		return scan.Array(data, func(value scan.Range) error {
			i++
			return gatherUnknown(extra, fmt.Sprintf("%s[%d]", path, i), value.Of(data), t.Elem())
		})
	}
	return nil
}

// refuseExtra returns the refusal of the first of the fields for which the vocabulary of
// package chat has no word, but for those allowed, or nil.
func refuseExtra(api string, extra map[string]json.RawMessage, allowed ...string) error {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if !slices.Contains(allowed, name) {
			return chat.Unsupported(api, name)
		}
	}
	return nil
}

// unreadable returns the refusal of a request that cannot be decoded. A field of another
// form than is known may be well for a model that gets the request as it is.
func unreadable(err error) *chat.Error {
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return chat.Untranslatable(e.Field, "%q is of the type %s here, which cannot be translated", e.Field, e.Value)
	}
	return chat.Invalid("", "the request cannot be read: %v", err)
}

// fieldOf returns the name of the field that a decoding error is about, or "".
func fieldOf(err error) string {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return typeErr.Field
	}
	return ""
}
