package verify

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/tabwriter"
)

//go:embed report.html.tmpl
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// HTML writes the report as one page.
func (r *Report) HTML(w io.Writer) error { return page.Execute(w, r) }

// Class returns the verdict as the name of a style.
func (r Row) Class() string { return strings.ReplaceAll(string(r.Verdict), " ", "-") }

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Table writes the report for people: of each channel what is wrong, and how much is right.
func (r *Report) Table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	same := map[string]int{}
	var order []string
	for _, row := range r.Rows {
		if _, known := same[row.Channel]; !known {
			order, same[row.Channel] = append(order, row.Channel), 0
		}
		if row.Verdict == Same {
			same[row.Channel]++
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Channel, row.Verdict, row.Name, row.Detail)
	}
	for _, channel := range order {
		if same[channel] > 0 {
			fmt.Fprintf(w, "%s\t%s\t%d items\t\n", channel, Same, same[channel])
		}
	}
	return w.Flush()
}
