package table

import "testing"

// TestBuffer: it is full by rows or by bytes, and when they are written it begins
// anew but for its count.
func TestBuffer(t *testing.T) {
	var b Buffer
	add := func(size int) bool { return b.Add(Row{Data: make([]byte, size)}, 3, 100) }
	for range 2 {
		for n := 1; n <= 3; n++ {
			if full := add(1); full != (n == 3) || len(b.Rows) != n {
				t.Errorf("after %d of 3 rows: full: %v, %d rows", n, full, len(b.Rows))
			}
		}
		b.Written()
		if add(99) || !add(1) || len(b.Rows) != 2 {
			t.Errorf("%d rows of 100 bytes", len(b.Rows))
		}
		b.Written()
	}
	if b.Count != 10 {
		t.Errorf("%d rows were added, not 10", b.Count)
	}
	if b.Reset(); b.Count != 0 || add(99) {
		t.Error("something is left")
	}
}
