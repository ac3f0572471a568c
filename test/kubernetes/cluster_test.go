//go:build e2e

package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// namespace is where the chart is installed. It enforces the Pod Security Standard restricted.
const namespace = "llm"

// deadline is how long to wait for what a cluster does by itself.
const deadline = 90 * time.Second

// run runs a command and returns what it wrote.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput() // cleanups run it too, after the context has ended
	return strings.TrimSpace(string(output)), err
}

// must is as [run] for what has to succeed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := run(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
	return output
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "kubectl", append([]string{"--namespace", namespace}, args...)...)
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	return must(t, "helm", append([]string{"--namespace", namespace}, args...)...)
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), deadline)
	defer stop()
	for tick := time.Tick(200 * time.Millisecond); ; {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, deadline, err)
		case <-tick:
		}
	}
}

// A pod is what the tests look at of one.
type pod struct {
	Metadata struct {
		Name, UID         string
		DeletionTimestamp string
	}
	Spec struct {
		Containers []struct{ Image string }
	}
	Status struct {
		PodIP             string
		Conditions        []struct{ Type, Status string }
		ContainerStatuses []struct {
			RestartCount     int
			State, LastState struct {
				Terminated *struct{ Message string }
			}
		}
	}
}

func (p pod) ready() bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c struct{ Type, Status string }) bool { return c.Type == "Ready" && c.Status == "True" })
}

// pods returns Glide's pods, those that are ending too.
func pods(t *testing.T) []pod {
	t.Helper()
	var list struct{ Items []pod }
	text := kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/name=glide", "--output", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// settled waits until exactly so many pods are there, all of them ready, and returns them.
func settled(t *testing.T, count int) []pod {
	t.Helper()
	var found []pod
	await(t, fmt.Sprintf("%d pods are there and ready", count), func() error {
		found = pods(t)
		ready := 0
		for _, p := range found {
			if p.ready() && p.Metadata.DeletionTimestamp == "" {
				ready++
			}
		}
		if len(found) != count || ready != count {
			return fmt.Errorf("%d pods, %d ready", len(found), ready)
		}
		return nil
	})
	return found
}

func uids(all []pod) []string {
	var found []string
	for _, p := range all {
		found = append(found, p.Metadata.UID)
	}
	return slices.Sorted(slices.Values(found))
}

// values writes a file of values.
func values(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// explain logs what the cluster says of Glide when a test has failed.
func explain(t *testing.T) {
	if !t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "all", "--output", "wide"}, {"describe", "pods"}, {"get", "events", "--sort-by", "lastTimestamp"},
		{"logs", "--selector", "app.kubernetes.io/name=glide", "--tail", "20", "--prefix"},
	} {
		output, err := exec.Command("kubectl", append([]string{"--namespace", namespace}, args...)...).CombinedOutput()
		t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}
