package archive

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/einstack/glide/internal/pack"
)

// program returns the header of a program for macOS, followed by bytes of the given length.
func program(cpu macho.Cpu, length int) []byte {
	var b bytes.Buffer
	header := macho.FileHeader{Magic: macho.Magic64, Cpu: cpu, Type: macho.TypeExec}
	_ = binary.Write(&b, binary.LittleEndian, header) // to memory
	b.Write(make([]byte, 4+length))
	return b.Bytes()
}

func TestJoin(t *testing.T) {
	slices := [][]byte{program(macho.CpuAmd64, 20000), program(macho.CpuArm64, 7)}
	joined, err := join(slices)
	if err != nil {
		t.Fatal(err)
	}
	fat, err := macho.NewFatFile(bytes.NewReader(joined))
	if err != nil {
		t.Fatal(err)
	}
	if len(fat.Arches) != len(slices) {
		t.Fatalf("%d slices", len(fat.Arches))
	}
	for i, arch := range fat.Arches {
		if arch.Offset%(1<<align) != 0 {
			t.Errorf("slice %d starts at %d", i, arch.Offset)
		}
		if !bytes.Equal(joined[arch.Offset:arch.Offset+arch.Size], slices[i]) {
			t.Errorf("slice %d is not the binary", i)
		}
	}
	if _, err := join([][]byte{[]byte("#!/bin/sh")}); err == nil {
		t.Error("joined a script")
	}
}

// The bytes depend on the files and the date alone.
func TestFormats(t *testing.T) {
	date := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	files := []pack.File{{Name: "a/LICENSE", Mode: 0o644, Content: []byte("text")}, {Name: "a/glide", Mode: 0o755, Content: bytes.Repeat([]byte("x"), 1000)}}
	for name, form := range map[string]func(io.Writer, []pack.File, time.Time) error{"tar.gz": TarGz, "zip": Zip} {
		t.Run(name, func(t *testing.T) {
			make := func(files []pack.File, date time.Time) []byte {
				var b bytes.Buffer
				if err := form(&b, files, date); err != nil {
					t.Fatal(err)
				}
				return b.Bytes()
			}
			one := make(files, date)
			if !bytes.Equal(one, make(slices.Clone(files), date.In(time.FixedZone("", 3600)))) {
				t.Error("the same files make other bytes")
			}
			if bytes.Equal(one, make(files, date.AddDate(0, 0, 1))) {
				t.Error("the date makes no difference")
			}
		})
	}
}
