package config

import "reflect"

// NeedRestart returns the keys in which two configurations differ and that Glide reads only
// when it starts.
func NeedRestart(a, b *Config) []string {
	var keys []string
	compare(&keys, "", reflect.ValueOf(*a), reflect.ValueOf(*b))
	return keys
}

func compare(keys *[]string, path string, a, b reflect.Value) {
	for field, value := range a.Fields() {
		key, other := join(path, field.Tag.Get("yaml")), b.FieldByIndex(field.Index)
		switch {
		case field.Tag.Get("restart") != "":
			if !value.Equal(other) {
				*keys = append(*keys, key)
			}
		case value.Kind() == reflect.Struct && !isScalar(field.Type):
			compare(keys, key, value, other)
		}
	}
}
