package channels

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// doubleVariable tells a test's program, started under another name, which servers it asks.
const doubleVariable = "GLIDE_TEST_DOUBLES"

// scratch is a folder for all tests of a program.
var scratch string

// Main runs the program as a double if it was started as one, and the tests otherwise:
//
//	func TestMain(m *testing.M) { os.Exit(channels.Main(m)) }
//
// The doubles are snapcraft, with the commands that publishing uses, and a git that asks a server
// before and after each exchange with a repository, so that this fails like any other call.
func Main(m *testing.M) int {
	store, git, _ := strings.Cut(os.Getenv(doubleVariable), " ")
	var err error
	switch filepath.Base(os.Args[0]) {
	case "snapcraft":
		err = snapcraft(store, os.Args[1:])
	case "git":
		err = gitDouble(git, os.Args[1:])
	default:
		if scratch, err = os.MkdirTemp("", "glide-channels-*"); err == nil {
			defer os.RemoveAll(scratch)
			return m.Run()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// doubles returns a folder with the doubles.
func doubles(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"git", "snapcraft"} {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The name of a snap's file says what snapcraft would read in it.
var snapName = regexp.MustCompile(`^glide_(.+)_linux_([a-z0-9]+)\.snap$`)

var snapArchs = map[string]string{"386": "i386", "armv7": "armhf", "ppc64le": "ppc64el"}

func snapcraft(store string, args []string) error {
	ask := func(command string, query url.Values, body []byte) (string, error) {
		req, err := http.NewRequest(http.MethodPost, store+"/snapcraft/"+command+"?"+query.Encode(), bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", os.Getenv("SNAPCRAFT_STORE_CREDENTIALS"))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("the store answered %s: %s", res.Status, text)
		}
		return string(text), err
	}
	switch {
	case len(args) == 2 && args[0] == "upload":
		name := snapName.FindStringSubmatch(filepath.Base(args[1]))
		if name == nil {
			return fmt.Errorf("%s is no snap", args[1])
		}
		arch := name[2]
		if known, ok := snapArchs[arch]; ok {
			arch = known
		}
		content, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		revision, err := ask("upload", url.Values{"arch": {arch}, "version": {name[1]}}, content)
		if err == nil {
			fmt.Printf("Revision %s created for 'glide'\n", revision)
		}
		return err
	case len(args) == 4 && args[0] == "release" && args[1] == "glide":
		_, err := ask("release", url.Values{"revision": {args[2]}, "channel": {args[3]}}, nil)
		return err
	case slices.Equal(args, []string{"revisions", "glide"}):
		table, err := ask("revisions", nil, nil)
		fmt.Print(table)
		return err
	}
	return fmt.Errorf("snapcraft does not know %q", args)
}

func gitDouble(server string, args []string) error {
	ask := func(what string) error {
		if !slices.Contains([]string{"clone", "ls-remote", "push"}, args[0]) {
			return nil
		}
		res, err := http.Get(server + "/" + args[0] + "/" + what)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("fatal: the remote end hung up unexpectedly: %s", res.Status)
		}
		_, err = io.Copy(io.Discard, res.Body)
		return errors.Join(err, res.Body.Close())
	}
	if err := ask("before"); err != nil {
		return err
	}
	cmd := exec.Command(realGit(), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return ask("after")
}

// realGit returns the first git on the PATH that is not the double.
func realGit() string {
	own, _ := os.Executable() // without it every git is another
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "git")
		if target, err := filepath.EvalSymlinks(path); err == nil && target != own {
			return path
		}
	}
	return "git is not installed"
}
