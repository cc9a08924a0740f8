package rowcoder

import (
	"bytes"
	"errors"
	"testing"

	"crest/reference"
	"crest/table"
)

// A row comes back as it was, whether it travelled itself or by reference.
func TestCoder(t *testing.T) {
	small := table.Row{Table: table.TopKTable, Data: []byte("list")}
	large := table.Row{Table: table.TopKTable, Data: bytes.Repeat([]byte("list"), 1<<10)}
	check := func(r table.Row, itself bool) {
		t.Helper()
		b := encode(r)
		got, err := decode(b)
		if err != nil || got.Table != r.Table || !bytes.Equal(got.Data, r.Data) {
			t.Errorf("%v became %v, %v", r, got, err)
		}
		if (len(b) > len(r.Data)) != itself {
			t.Errorf("a row of %d bytes was encoded as %d", len(r.Data), len(b))
		}
	}
	check(small, true)
	check(large, true)
	release := reference.Hold()
	check(small, true)
	check(large, false)
	b := encode(large)
	release()
	if _, err := decode(b); !errors.Is(err, reference.ErrNotHeld) {
		t.Errorf("a reference that is not held: %v", err)
	}
	for _, wrong := range []string{"", "\x00", "\x7f..."} {
		if r, err := decode([]byte(wrong)); err == nil {
			t.Errorf("%q became %v", wrong, r)
		}
	}
}
