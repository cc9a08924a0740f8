package summary

import (
	"math/rand/v2"
	"testing"
)

// cellsOf are the cells of the words, taken out one by one.
func cellsOf(words []uint64, bits int) (cells []uint32) {
	for _, w := range words {
		for at := 0; at < 64; at += bits {
			cells = append(cells, uint32(w>>at&(1<<bits-1)))
		}
	}
	return cells
}

// TestFold checks folded cells and peaks against the cells taken one by one.
func TestFold(t *testing.T) {
	for range 100_000 {
		w := rand.Uint64() & rand.Uint64() & rand.Uint64()
		for _, bits := range []int{8, 16, 32} {
			cells := cellsOf([]uint64{w}, bits)
			largest := uint32(1)
			for _, c := range cells {
				largest = max(largest, c)
			}
			if got := peak([]uint64{w}, bits, 1); got != largest {
				t.Fatalf("the largest of %x is %x, not %x", cells, largest, got)
			}
			if bits == mostBits {
				break
			}
			half := cellsOf([]uint64{fold(w, bits)}, 2*bits)
			for i, got := range half {
				if want := max(cells[2*i], cells[2*i+1]); got != want {
					t.Fatalf("%x is folded to %x", cells, half)
				}
			}
		}
	}
}

// TestFoldedEstimates checks that folding loses no bound, and that an item finds
// its cells again.
func TestFoldedEstimates(t *testing.T) {
	l := newLight(1<<10, 2)
	held := map[uint32]uint64{}
	for i := range 40 {
		place, w := rand.Uint32(), uint64(1)<<i
		l.raise(place, l.estimate(place)+w)
		held[place] += w
		for place, w := range held {
			if est := l.estimate(place); est < w {
				t.Fatalf("place %#x holds %d, at %d bits a cell no more than %d", place, w, l.bits, est)
			}
		}
	}
	if l.bits != mostBits || l.top() != unknown {
		t.Errorf("%d bits a cell, ceiling %d", l.bits, l.top())
	}
}
