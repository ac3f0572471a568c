package page

import (
	"strings"
	"testing"
)

// What goes wrong in a block is noticed.
func TestTry(t *testing.T) {
	r := &Reader{Dir: t.TempDir(), Address: "127.0.0.1:1"}
	for name, tc := range map[string]struct {
		block  Block
		fails  bool
		prints string
	}{
		"succeeds":          {Block{Language: "sh", Text: "echo one\necho two"}, false, "one\ntwo"},
		"fails":             {Block{Language: "sh", Text: "false\necho on"}, true, ""},
		"fails in a pipe":   {Block{Language: "sh", Text: "false | cat"}, true, ""},
		"commands alone":    {Block{Language: "console", Text: "$ echo a \\\n  b\na b\nnothing to type\n"}, false, "a b"},
		"another address":   {Block{Language: "sh", Text: "echo " + address}, false, "127.0.0.1:1"},
		"a server that was": {Block{Language: "sh", Text: "glide() { return 1; }\nglide serve\necho on"}, true, "it has ended: glide serve"},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := r.Try(t, tc.block)
			if (err != nil) != tc.fails || output != tc.prints {
				t.Errorf("got %q, %v", output, err)
			}
		})
	}
}

func TestShown(t *testing.T) {
	shown := shown(Block{Language: "console", Text: "$ glide key new\nGlide 0.1.0-rc.1\nkey:  glide_…\n"})
	for output, want := range map[string]bool{
		"Glide 2.0.0\nkey:  glide_abc\nand more": true,
		"Glide 2.0.0\nkey:  none":                false,
		"Glide\nkey:  glide_abc":                 false,
	} {
		if got := shown.MatchString(output); got != want {
			t.Errorf("%q: %t", output, got)
		}
	}
}

func TestRead(t *testing.T) {
	for _, block := range Read(t, "RELEASING.md") {
		if !block.Shell() || block.NotRun != "" || strings.HasPrefix(block.Text, " ") {
			t.Errorf("got %+v", block)
		}
	}
	var why []string
	for _, block := range Read(t, "CONTRIBUTING.md") {
		why = append(why, block.NotRun)
	}
	if len(why) != 1 || why[0] == "" {
		t.Errorf("CONTRIBUTING.md says %q", why)
	}
}
