package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"runtime"
	"sync"

	"github.com/spf13/cobra"

	"github.com/einstack/glide/internal/dist"
	"github.com/einstack/glide/internal/pack"
	"github.com/einstack/glide/internal/tree"
)

// kitFlags are the flags of the commands that make packages.
type kitFlags struct {
	binaries, docs, licenses, archives, out string
	targets                                 []string
}

// add adds the flags to a command that writes to the folder dist/NAME of the source tree.
func (k *kitFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&k.binaries, "binaries", "", "folder that release build made (default dist/binaries of the source tree)")
	flags.StringVar(&k.docs, "docs", "", "folder that release docs made (default dist/docs)")
	flags.StringVar(&k.licenses, "licenses", "", "folder that release licenses made (default dist/licenses)")
	flags.StringVar(&k.out, "out", "", "folder to write to (default dist/"+cmd.Name()+")")
	flags.StringSliceVar(&k.targets, "target", nil, "target such as linux/arm64; may be repeated (default all)")
}

// kit returns what packages are made of, and the chosen targets. Folders that aren't named are those
// of the source tree, the one to write to like the command.
func (k *kitFlags) kit(f *factory, command string) (*pack.Kit, []tree.Target, error) {
	t, err := f.tree()
	if err != nil {
		return nil, nil, err
	}
	targets, err := chooseTargets(t, k.targets)
	if err != nil {
		return nil, nil, err
	}
	named := func(dir, name string) string {
		if dir != "" {
			return dir
		}
		return t.Path(name)
	}
	k.out = named(k.out, "dist/"+command)
	return &pack.Kit{
		Tree:     t,
		Binaries: named(k.binaries, "dist/binaries"),
		Docs:     named(k.docs, "dist/docs"),
		Licenses: named(k.licenses, "dist/licenses"),
		Archives: named(k.archives, "dist/archives"),
	}, targets, nil
}

// A job makes files of a folder and returns their sums, by name.
type job func() (map[string]string, error)

// several is a job that makes files of dir and returns their names.
func several(dir string, make func() ([]string, error)) job {
	return func() (map[string]string, error) {
		names, err := make()
		if err != nil {
			return nil, err
		}
		return dist.Sums(dir, names...)
	}
}

// one is a job that makes one file of dir and returns its name.
func one(dir string, make func() (string, error)) job {
	return several(dir, func() ([]string, error) { return list(make()) })
}

func list(name string, err error) ([]string, error) {
	return []string{name}, err
}

// runAll makes the folder and runs all jobs, as many at a time as there are processors, then writes
// the sums of what they made to it. An error joins those of all jobs.
func runAll(ctx context.Context, dir string, jobs []job) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	made, errs := make([]map[string]string, len(jobs)), make([]error, len(jobs))
	queue := make(chan int)
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := range queue {
				if errs[i] = ctx.Err(); errs[i] == nil {
					made[i], errs[i] = jobs[i]()
				}
			}
		})
	}
	for i := range jobs {
		queue <- i
	}
	close(queue)
	workers.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	sums := map[string]string{}
	for _, some := range made {
		maps.Copy(sums, some)
	}
	return dist.WriteSums(dir, sums)
}
