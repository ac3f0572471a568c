package policy

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// A number is a version taken apart.
type number struct {
	major, minor, patch int
	rc                  int // which candidate it is; for the release itself, more than any
}

const released = math.MaxInt

// parse reads a version of the form that the file VERSION has.
func parse(version string) (number, error) {
	v := number{rc: released}
	form := "%d.%d.%d"
	fields := []any{&v.major, &v.minor, &v.patch}
	if strings.Contains(version, "-") {
		form += "-rc.%d"
		fields = append(fields, &v.rc)
	}
	// Sscanf is lenient: what it read must also be what was written.
	if _, err := fmt.Sscanf(version, form, fields...); err != nil || v.String() != version || v.rc < 1 {
		return number{}, fmt.Errorf("%q is not a version; write one such as 0.1.0 or 0.1.0-rc.1", version)
	}
	return v, nil
}

func (v number) String() string {
	if v.candidate() {
		return fmt.Sprintf("%d.%d.%d-rc.%d", v.major, v.minor, v.patch, v.rc)
	}
	return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch)
}

func (v number) candidate() bool { return v.rc != released }

// compare is negative if v is older than other, positive if it is newer.
func (v number) compare(other number) int {
	return cmp.Or(
		cmp.Compare(v.major, other.major),
		cmp.Compare(v.minor, other.minor),
		cmp.Compare(v.patch, other.patch),
		cmp.Compare(v.rc, other.rc),
	)
}

// nuget returns the version in the form that Chocolatey's gallery knows, where a label has no dots
// and is sorted as text: 0.1.0-rc0002, so that the tenth candidate comes after the second.
func (v number) nuget() (string, error) {
	if !v.candidate() {
		return v.String(), nil
	}
	if v.rc > 9999 {
		return "", fmt.Errorf("%s: Chocolatey sorts candidates up to rc.9999 only; choose a new version", v)
	}
	return fmt.Sprintf("%d.%d.%d-rc%04d", v.major, v.minor, v.patch, v.rc), nil
}
