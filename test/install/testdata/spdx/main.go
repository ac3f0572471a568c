// Command spdx reads bills of materials as SPDX's own library does, and checks that what they relate is
// in them: go run . FILE...
package main

import (
	"fmt"
	"os"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdxlib"
)

func main() {
	for _, name := range os.Args[1:] {
		if err := check(name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func check(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	document, err := json.Read(file)
	if err != nil {
		return err
	}
	if err := spdxlib.ValidateDocument(document); err != nil {
		return err
	}
	described, err := spdxlib.GetDescribedPackageIDs(document)
	if err != nil {
		return err
	}
	if len(described) != 1 || len(document.Packages) < 2 {
		return fmt.Errorf("it describes %d of %d packages", len(described), len(document.Packages))
	}
	return nil
}
