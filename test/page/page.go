// Package page runs what the documentation tells its readers to type: the blocks of shell of a page, one
// after the other, in one folder, as one reader would. A server that a block starts runs until the
// block ends, as it would in another terminal.
package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/einstack/glide/test/repo"
)

// A Block is a fenced block of a page.
type Block struct {
	Page     string // by its path from the root of the repository, with slashes
	Line     int    // of its fence
	Language string // such as "sh"
	Text     string // without the indentation of its fence
	NotRun   string // why no test runs it, as the comment before it says
}

var (
	fenced = regexp.MustCompile("(?ms)^(?:<!-- not run: ([^\n]+) -->\n+)?^( *)```(\\w+)\n(.*?)^ *```$")
	typed  = regexp.MustCompile(`(?m)^\$ `)
)

// String says where the block is.
func (b Block) String() string { return b.Page + ":" + strconv.Itoa(b.Line) }

// Shell tells whether the block is to be typed: a script, or a session with prompts.
func (b Block) Shell() bool {
	return b.Language == "sh" || b.Language == "console" && typed.MatchString(b.Text)
}

// Read returns all blocks of a page.
func Read(t testing.TB, page string) []Block {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repo.Root(), page))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	group := func(match []int, i int) string {
		if match[2*i] < 0 {
			return ""
		}
		return text[match[2*i]:match[2*i+1]]
	}
	var blocks []Block
	for _, match := range fenced.FindAllStringSubmatchIndex(text, -1) {
		indent := regexp.MustCompile("(?m)^" + group(match, 2))
		blocks = append(blocks, Block{
			Page:     page,
			Line:     1 + strings.Count(text[:match[4]], "\n"),
			Language: group(match, 3),
			Text:     indent.ReplaceAllString(group(match, 4), ""),
			NotRun:   group(match, 1),
		})
	}
	return blocks
}

// Shell returns the blocks of a page that are to be run.
func Shell(t testing.TB, page string) []Block {
	t.Helper()
	var blocks []Block
	for _, block := range Read(t, page) {
		if block.Shell() && block.NotRun == "" {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block to run", page)
	}
	return blocks
}
