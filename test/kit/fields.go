package kit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Fields are what a channel's schema asks of the manifests that are made for it: by the path of a field,
// such as "Installers[].Architecture", a regular expression that the whole of its text matches.
type Fields map[string]string

// Check tells how a manifest, as JSON or YAML, is not so: each field has to be there, and no other.
func (f Fields) Check(manifest []byte) error {
	var values any
	if err := yaml.Unmarshal(manifest, &values); err != nil {
		return err
	}
	found := map[string]bool{}
	errs := []error{f.check(values, "", found)}
	for _, path := range slices.Sorted(maps.Keys(f)) {
		if !found[path] {
			errs = append(errs, fmt.Errorf("%s is missing", path))
		}
	}
	return errors.Join(errs...)
}

func (f Fields) check(value any, path string, found map[string]bool) error {
	var errs []error
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			inner := path + "." + name
			if path == "" {
				inner = name
			}
			errs = append(errs, f.check(value[name], inner, found))
		}
	case []any:
		for _, item := range value {
			errs = append(errs, f.check(item, path+"[]", found))
		}
	case string:
		found[path] = true
		if pattern, ok := f[path]; !ok {
			return fmt.Errorf("%s is no field of the schema", path)
		} else if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(value) {
			return fmt.Errorf("%s is %q, which does not match %s", path, value, pattern)
		}
	default:
		return fmt.Errorf("%s is %v, which is no text", path, value)
	}
	return errors.Join(errs...)
}
