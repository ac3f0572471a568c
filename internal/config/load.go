package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Load reads the configuration file at path. Its error is [Problems], with everything
// that is wrong.
func Load(path string) (*Config, error) {
	data, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Lint is as [Load], but looks up no environment variable and no file that the
// configuration refers to, for where those of the running gateway are not.
func Lint(path string) error {
	data, err := readConfig(path)
	if err != nil {
		return err
	}
	_, err = parse(path, data, true)
	return err
}

func readConfig(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Problems{{
			File: path, Text: "cannot be read: " + reason(err),
			Remedy: "check the path and its permissions, or write one with: glide config default > glide.yaml",
		}}
	}
	return data, nil
}

// Default returns the built-in configuration.
func Default() *Config {
	cfg, err := Parse("built-in configuration", defaultYAML)
	if err != nil {
		panic(err) // the file is part of the program and tested
	}
	cfg.Files = nil
	return cfg
}

// Parse reads a configuration from data. The name is the file's, for messages and for
// finding files relative to it. Its error is [Problems].
func Parse(name string, data []byte) (*Config, error) { return parse(name, data, false) }

func parse(name string, data []byte, blind bool) (*Config, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", name, err)
	}
	d := &decoder{file: name, dir: filepath.Dir(path), blind: blind, lines: map[string]int{"": 1}, files: []string{path}}
	root, problem := parseYAML(name, data)
	if problem != nil {
		return nil, Problems{problem}
	}
	cfg := new(Config)
	d.decode("", root, reflect.ValueOf(cfg).Elem())
	d.check(cfg)
	if len(d.problems) > 0 {
		return nil, d.problems.sorted()
	}
	cfg.Files = d.files
	return cfg, nil
}

// parseYAML returns the root node of the only document in data, or nil if it is empty.
func parseYAML(name string, data []byte) (*yaml.Node, *Problem) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		if err = decoder.Decode(&more); errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		}
		if err == nil {
			return nil, &Problem{File: name, Line: more.Line, Text: "has a second YAML document", Remedy: "keep one, and remove the line ---"}
		}
	}
	p := &Problem{File: name, Line: 1, Text: oneLine(err), Remedy: "mend the YAML here or just above"}
	if where, what, ok := strings.Cut(p.Text, ": "); ok {
		if line, err := strconv.Atoi(strings.TrimPrefix(where, "line ")); err == nil {
			p.Line, p.Text = line, what
		}
	}
	p.Text = "is not YAML: " + p.Text
	return nil, p
}
