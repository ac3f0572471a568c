package kit

import "testing"

func TestFields(t *testing.T) {
	fields := Fields{"Name": `[A-Z].{1,7}`, "Files[].Sum": `[0-9a-f]{4}`}
	for manifest, want := range map[string]string{
		"{Name: Glide, Files: [{Sum: 01ab}, {Sum: ffff}]}": "",
		"{Name: Glide, Files: [{Sum: 01ab}, {Sum: fff}]}":  `Files[].Sum is "fff", which does not match [0-9a-f]{4}`,
		"{Name: Glider-or-so, Files: [{Sum: 01ab}]}":       `Name is "Glider-or-so", which does not match [A-Z].{1,7}`,
		"{Name: Glide, Files: [{Sum: 1234}]}":              "Files[].Sum is 1234, which is no text\nFiles[].Sum is missing",
		"{Name: Glide, Files: []}":                         "Files[].Sum is missing",
		"{Name: Glide, File: x, Files: [{Sum: 01ab}]}":     "File is no field of the schema",
	} {
		got := ""
		if err := fields.Check([]byte(manifest)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", manifest, got, want)
		}
	}
}
