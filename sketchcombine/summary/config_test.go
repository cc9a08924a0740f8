package summary

import "testing"

func TestForMemory(t *testing.T) {
	for _, bytes := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20, 64 << 20} {
		c := ForMemory(bytes)
		if err := c.Validate(); err != nil {
			t.Errorf("%d bytes: %v", bytes, err)
		}
	}
}
