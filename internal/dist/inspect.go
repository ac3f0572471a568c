package dist

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/einstack/glide/internal/tree"
)

// Libraries of the operating system that Go links to where the system has no stable calls of its
// own. Everywhere else a binary is static.
var systemLibraries = map[string][]string{
	"darwin":  {"/usr/lib/", "/System/Library/Frameworks/"},
	"openbsd": {"libc.so", "libpthread.so"},
	"windows": {"kernel32.dll"},
}

// A header is what the file formats of binaries have in common.
type header struct {
	machine   string // in the words of the format
	libraries []string
	symbols   bool // whether there is a symbol table or debug information
}

// The machine of each GOARCH in the words of ELF, Mach-O and PE.
var machines = map[string][]string{
	"386":     {elf.EM_386.String(), peMachine(pe.IMAGE_FILE_MACHINE_I386)},
	"amd64":   {elf.EM_X86_64.String(), macho.CpuAmd64.String(), peMachine(pe.IMAGE_FILE_MACHINE_AMD64)},
	"arm":     {elf.EM_ARM.String()},
	"arm64":   {elf.EM_AARCH64.String(), macho.CpuArm64.String(), peMachine(pe.IMAGE_FILE_MACHINE_ARM64)},
	"ppc64le": {elf.EM_PPC64.String()},
	"riscv64": {elf.EM_RISCV.String()},
	"s390x":   {elf.EM_S390.String()},
}

// Inspect reads a binary and reports everything in which it isn't what a release of the tree
// promises for the target: its format and machine, static, stripped, stamped with the version,
// with the checksum of every module, and without any of the machine's paths given.
func Inspect(t *tree.Tree, target tree.Target, file string, machinePaths []string) (Binary, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Binary{}, err
	}
	binary := Binary{Target: target, Path: file, SHA256: fmt.Sprintf("%x", sha256.Sum256(content)), Size: int64(len(content))}

	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{file}, args...)...))
	}

	h, err := readHeader(bytes.NewReader(content), target.OS)
	if err != nil {
		fail("no program for %s: %w", target, err)
		return binary, errors.Join(errs...)
	}
	if !slices.Contains(machines[target.Arch], h.machine) {
		fail("made for %s, not for %s", h.machine, target)
	}
	for _, library := range h.libraries {
		if !slices.ContainsFunc(systemLibraries[target.OS], func(prefix string) bool {
			return strings.HasPrefix(library, prefix)
		}) {
			fail("needs the library %s", library)
		}
	}
	if h.symbols {
		fail("not stripped")
	}
	errs = append(errs, inspectBuildInfo(file, content, target))

	for _, flag := range t.Matrix.Build.LDFlags {
		stamp, ok := strings.CutPrefix(flag, "-buildid=")
		if !ok {
			continue
		}
		stamp = strings.NewReplacer("{version}", t.Version, "{target}", target.Name()).Replace(stamp)
		if !bytes.Contains(content, []byte(stamp)) {
			fail("not stamped %q", stamp)
		}
	}
	for _, path := range machinePaths {
		if at := bytes.Index(content, []byte(path)); at >= 0 {
			fail("holds the machine's path %s at byte %d", path, at)
		}
	}
	return binary, errors.Join(errs...)
}

func inspectBuildInfo(file string, content []byte, target tree.Target) error {
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s: no build information: %w", file, err)
	}
	var errs []error
	if info.Main.Path != tree.Module {
		errs = append(errs, fmt.Errorf("%s: built from %s, not from %s", file, info.Main.Path, tree.Module))
	}
	if len(info.Deps) == 0 {
		errs = append(errs, fmt.Errorf("%s: lists no modules; don't build with -mod=vendor", file))
	}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		if !strings.HasPrefix(module.Sum, "h1:") {
			errs = append(errs, fmt.Errorf("%s: module %s has no checksum; don't build with -mod=vendor", file, module.Path))
		}
	}
	want := map[string]string{"GOOS": target.OS, "GOARCH": target.Arch, "CGO_ENABLED": "0", "-trimpath": "true"}
	if target.ARM != "" {
		want["GOARM"] = target.ARM
	}
	for _, setting := range info.Settings {
		if value, ok := want[setting.Key]; ok && value == setting.Value {
			delete(want, setting.Key)
		}
	}
	for key, value := range want {
		errs = append(errs, fmt.Errorf("%s: not built with %s=%s", file, key, value))
	}
	return errors.Join(errs...)
}

func readHeader(r io.ReaderAt, system string) (header, error) {
	switch system {
	case "darwin":
		f, err := macho.NewFile(r)
		if err != nil {
			return header{}, err
		}
		libraries, err := f.ImportedLibraries()
		debug := f.Section("__debug_info") != nil || f.Section("__zdebug_info") != nil
		return header{f.Cpu.String(), libraries, debug}, err
	case "windows":
		f, err := pe.NewFile(r)
		if err != nil {
			return header{}, err
		}
		// debug/pe names the libraries only with their symbols, as NAME:LIBRARY.
		symbols, err := f.ImportedSymbols()
		if err != nil {
			return header{}, err
		}
		var libraries []string
		for _, symbol := range symbols {
			_, library, _ := strings.Cut(symbol, ":")
			libraries = append(libraries, strings.ToLower(library))
		}
		slices.Sort(libraries)
		return header{peMachine(f.Machine), slices.Compact(libraries), len(f.Symbols) > 0 || f.Section(".debug_info") != nil}, nil
	default:
		f, err := elf.NewFile(r)
		if err != nil {
			return header{}, err
		}
		libraries, err := f.ImportedLibraries()
		return header{f.Machine.String(), libraries, f.Section(".symtab") != nil || f.Section(".debug_info") != nil}, err
	}
}

func peMachine(machine uint16) string {
	return fmt.Sprintf("PE machine %#x", machine)
}

// InspectDir inspects every binary in dir, which holds those of the targets and their SumsFile.
func InspectDir(t *tree.Tree, dir string, targets []tree.Target, machinePaths []string) ([]Binary, error) {
	var binaries []Binary
	var names []string
	var errs []error
	for _, target := range targets {
		binary, err := Inspect(t, target, filepath.Join(dir, target.Binary()), machinePaths)
		errs = append(errs, err)
		binaries = append(binaries, binary)
		names = append(names, target.Binary())
	}
	errs = append(errs, checkSums(dir, names))
	return binaries, errors.Join(errs...)
}

// checkSums compares files with the SumsFile beside them.
func checkSums(dir string, names []string) error {
	sums, err := ReadSums(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, SumsFile)
	var errs []error
	for _, name := range names {
		sum, _, err := Sum(filepath.Join(dir, name))
		switch {
		case err != nil: // Inspect has said so.
		case sums[name] == "":
			errs = append(errs, fmt.Errorf("%s: has no sum of %s", path, name))
		case sums[name] != sum:
			errs = append(errs, fmt.Errorf("%s: %s has the sum %s, not %s", path, name, sum, sums[name]))
		}
	}
	return errors.Join(errs...)
}
