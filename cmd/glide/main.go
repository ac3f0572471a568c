// Command glide is an LLM gateway: it takes chat requests in the dialects that clients
// speak and sends each to a healthy model. Its commands are in internal/cli.
package main

import (
	"os"

	"github.com/einstack/glide/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:])) }
