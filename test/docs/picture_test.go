package docs

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/einstack/glide/internal/testkit"
	"github.com/einstack/glide/test/repo"
)

var update = flag.Bool("update", false, "draw the README's picture anew")

// The picture of a terminal in the README shows what Glide prints today. A release's version is left out, since a
// picture is no part of a promotion.
func TestPicture(t *testing.T) {
	// What is on the PATH it calls by its name.
	t.Setenv("PATH", filepath.Dir(testkit.Binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	g := testkit.Start(t, "")
	chat := exec.CommandContext(t.Context(), testkit.Binary(t), "chat", "--addr", strings.TrimPrefix(g.URL, "http://"), "What is a gateway?")
	answer, err := chat.Output()
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(g.URL, "http://")
	banner := strings.NewReplacer(" --addr "+address, "", address, "127.0.0.1:9099").Replace(g.Banner)
	banner = regexp.MustCompile(`^Glide \S+ `).ReplaceAllString(banner, "Glide ")
	drawn := draw("$ glide serve\n" + strings.TrimSpace(banner) + "\n\n$ glide chat \"What is a gateway?\"\n" + strings.TrimSpace(string(answer)))

	file := filepath.Join(repo.Root(), "docs", "terminal.svg")
	if *update {
		if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, "docs/terminal.svg") != drawn {
		t.Errorf("%s shows another session; run make picture", file)
	}
}

// draw returns a session in a terminal as SVG. Lines that begin with a prompt are what was typed.
func draw(session string) string {
	const (
		margin, line, letter = 20, 20, 7.9 // a letter as wide as the widest font that may stand for "monospace"
		size                 = 13
	)
	lines := strings.Split(session, "\n")
	columns := 0
	for _, text := range lines {
		columns = max(columns, len([]rune(text)))
	}
	width, height := 2*margin+int(letter*float64(columns)), 2*margin+line*len(lines)
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">
<title>Glide starts, and answers a chat</title>
<rect width="100%%" height="100%%" rx="8" fill="#16181d"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="%d" fill="#c9d1d9">
`, width, height, width, height, size)
	for i, text := range lines {
		if text == "" {
			continue
		}
		y := margin + line*i + size
		if typed, ok := strings.CutPrefix(text, "$ "); ok {
			fmt.Fprintf(&svg, "<text x=\"%d\" y=\"%d\"><tspan fill=\"#7ee787\">$</tspan> <tspan fill=\"#ffffff\">%s</tspan></text>\n", margin, y, escape(typed))
			continue
		}
		fmt.Fprintf(&svg, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, y, escape(text))
	}
	svg.WriteString("</g>\n</svg>\n")
	return svg.String()
}

// escape also makes spaces such that none is left out.
func escape(text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(strings.ReplaceAll(text, " ", "\u00a0"))) // a builder takes all
	return escaped.String()
}
