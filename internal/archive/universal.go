package archive

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"fmt"
	"math"
)

// Each slice starts at a multiple of the largest page of its machines.
const align = 14

// join makes a universal binary: a header, then the given binaries as they are.
func join(slices [][]byte) ([]byte, error) {
	var fat bytes.Buffer
	headers := []any{macho.MagicFat, uint32(len(slices))}
	offset := uint64(1 << align)
	for _, slice := range slices {
		f, err := macho.NewFile(bytes.NewReader(slice))
		if err != nil {
			return nil, fmt.Errorf("universal binary: %w", err)
		}
		if offset+uint64(len(slice)) > math.MaxUint32 {
			return nil, fmt.Errorf("universal binary: more than 4 GiB")
		}
		headers = append(headers, macho.FatArchHeader{
			Cpu:    f.Cpu,
			SubCpu: f.SubCpu,
			Offset: uint32(offset),
			Size:   uint32(len(slice)),
			Align:  align,
		})
		offset = roundUp(offset + uint64(len(slice)))
	}
	for _, header := range headers {
		if err := binary.Write(&fat, binary.BigEndian, header); err != nil {
			return nil, err
		}
	}
	for _, slice := range slices {
		fat.Write(make([]byte, roundUp(uint64(fat.Len()))-uint64(fat.Len())))
		fat.Write(slice)
	}
	return fat.Bytes(), nil
}

func roundUp(offset uint64) uint64 {
	const page = 1 << align
	return (offset + page - 1) / page * page
}
