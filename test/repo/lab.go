package repo

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Lab is a command of test/lab, whose engines and cluster are in namespaces of their own. It is not bound to
// a test's context, since cleanups run after that has ended.
func Lab(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(Root(), "test", "lab", "lab"), args...)
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
