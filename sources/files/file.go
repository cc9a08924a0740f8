package files

import (
	"encoding/binary"
	"fmt"

	"crest/sources/format"
)

// File is a file that is to be read.
type File struct {
	Path string
	Size int64 // as stored
	Kind format.Kind
	// Whole is set where it can only be read from its start to its end.
	Whole bool
}

func encodeFile(f File) []byte {
	b := binary.AppendVarint(nil, f.Size)
	whole := byte(0)
	if f.Whole {
		whole = 1
	}
	b = append(b, byte(f.Kind), whole)
	return append(b, f.Path...)
}

func decodeFile(b []byte) (File, error) {
	size, n := binary.Varint(b)
	if n <= 0 || len(b) < n+2 || b[n+1] > 1 {
		return File{}, fmt.Errorf("decoding a file from %d bytes", len(b))
	}
	return File{Path: string(b[n+2:]), Size: size, Kind: format.Kind(b[n]), Whole: b[n+1] == 1}, nil
}
