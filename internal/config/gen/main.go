// Command gen writes the reference of the configuration into docs/configuration.md, and
// its JSON schema beside it.
package main

import (
	"fmt"
	"os"

	"github.com/einstack/glide/internal/config"
)

const docs = "../../docs/"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	page, err := os.ReadFile(docs + "configuration.md")
	if err != nil {
		return err
	}
	page, err = config.InsertReference(page)
	if err != nil {
		return err
	}
	if err := os.WriteFile(docs+"configuration.md", page, 0o644); err != nil {
		return err
	}
	schema, err := config.Schema()
	if err != nil {
		return err
	}
	return os.WriteFile(docs+"configuration.schema.json", append(schema, '\n'), 0o644)
}
