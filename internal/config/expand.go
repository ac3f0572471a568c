package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The expressions are compiled when first needed: a start without references is faster.
var (
	reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$?\$\{[^}]*\}?`) })
	envName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })
)

// expand replaces each ${env:NAME} and ${file:path} of text; $${ stands for a plain ${.
// It reports false if it could not replace them all, with the problems recorded, or was not
// to look them up.
func (d *decoder) expand(path, text string) (string, bool) {
	if !strings.Contains(text, "${") {
		return text, true
	}
	original, before := text, len(d.problems)
	text = reference().ReplaceAllStringFunc(text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		return d.lookup(path, ref)
	})
	return text, len(d.problems) == before && !(d.blind && refers(original))
}

// refers reports whether text has a reference.
func refers(text string) bool {
	return slices.ContainsFunc(reference().FindAllString(text, -1), func(ref string) bool { return !strings.HasPrefix(ref, "$$") })
}

// lookup returns what ref, such as ${env:NAME}, stands for.
func (d *decoder) lookup(path, ref string) string {
	body, closed := strings.CutSuffix(strings.TrimPrefix(ref, "${"), "}")
	kind, name, _ := strings.Cut(body, ":")
	switch {
	case !closed:
		d.problem(path, ref+" has no closing brace", "write ${env:NAME} or ${file:path}")
	case d.blind && (kind == "env" && envName().MatchString(name) || kind == "file" && name != ""):
	case kind == "env" && envName().MatchString(name):
		value, ok := os.LookupEnv(name)
		if !ok {
			d.problem(path, "the environment variable "+name+" is not set", "export "+name+" before starting Glide")
		}
		return value
	case kind == "env":
		d.problem(path, ref+" does not name an environment variable", "use letters, digits and underscores, such as ${env:OPENAI_API_KEY}")
	case kind == "file" && name != "":
		return d.readFile(path, name)
	case kind == "file":
		d.problem(path, ref+" does not name a file", "write ${file:path}, relative to the configuration file")
	default:
		d.problem(path, ref+" is neither ${env:NAME} nor ${file:path}", "use one of the two, or write $${ for a plain ${")
	}
	return ""
}

// readFile returns the content of a file without the line break at its end.
func (d *decoder) readFile(path, name string) string {
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(d.dir, file)
	}
	d.files = append(d.files, file)
	data, err := os.ReadFile(file)
	if err != nil {
		d.problem(path, "cannot read "+file+": "+reason(err), "check the path, which is relative to the configuration file, and its permissions")
		return ""
	}
	return strings.TrimRight(string(data), "\r\n")
}

// reason returns what the system says of a failed file operation, without the path.
func reason(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return err.Error()
}
