package repo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Lab is a command of test/lab, whose engines and cluster are in namespaces of their own, unless the
// variable GLIDE_LAB names another program, such as test/lab/kind. It is not bound to a test's context,
// since cleanups run after that has ended.
func Lab(args ...string) *exec.Cmd {
	program := os.Getenv("GLIDE_LAB")
	if program == "" {
		program = filepath.Join(Root(), "test", "lab", "lab")
	}
	return exec.Command(program, args...)
}

// RunLab runs a command of test/lab and returns its standard output.
func RunLab(t testing.TB, args ...string) string {
	t.Helper()
	cmd := Lab(args...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("lab %s: %v\n%s%s", strings.Join(args, " "), err, output, &problems)
	}
	return strings.TrimSpace(string(output))
}
