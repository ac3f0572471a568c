package config

import (
	"encoding"
	"reflect"
)

// Public returns v, a part of a configuration, as what encoding/json writes by the names of
// the file, with all secrets hidden. What is not set is left out.
func Public(v any) any { return public(reflect.ValueOf(v)) }

func public(v reflect.Value) any {
	if text, ok := v.Interface().(encoding.TextMarshaler); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return text
	}
	switch v.Kind() {
	case reflect.Pointer:
		return public(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("yaml")
			if name != "-" && !v.Field(i).IsZero() {
				out[name] = public(v.Field(i))
			}
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for key, value := range v.Seq2() {
			out[key.String()] = public(value)
		}
		return out
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[JSON]() {
			break
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = public(v.Index(i))
		}
		return out
	}
	return v.Interface()
}
