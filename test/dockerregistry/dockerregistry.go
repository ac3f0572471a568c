// Package dockerregistry runs Debian's registry for tests: a real one, of the version 2.8 that has no API of
// referrers.
package dockerregistry

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A Lock is what a registry asks for: files with its certificate and key, and one with its users as htpasswd
// writes them.
type Lock struct {
	Certificate, Key, Users string
}

// Start runs a registry on the loopback until the test ends and returns its "host:port". With a lock it
// speaks TLS and asks for a password.
func Start(t testing.TB, lock *Lock) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	scheme, secure, auth := "http", "", ""
	if lock != nil {
		scheme = "https"
		secure = fmt.Sprintf(", tls: {certificate: %s, key: %s}", lock.Certificate, lock.Key)
		auth = fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n", lock.Users)
	}
	config := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %s}}
http: {addr: %q, relativeurls: true%s}
%s`, filepath.Join(dir, "storage"), addr, secure, auth)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker-registry", "serve", config)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the registry said:\n%s", &stderr)
		}
	})

	// Whether it is the right one, tests find out themselves.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	deadline := time.Now().Add(30 * time.Second)
	for {
		res, err := client.Get(scheme + "://" + addr + "/v2/")
		if err == nil {
			_ = res.Body.Close()
			return addr
		}
		if time.Now().After(deadline) {
			t.Fatalf("the registry does not answer: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
