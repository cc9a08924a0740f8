package frequentstrings

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"crest/sketchcombine/summary"
)

// TestAppend: the layout says of every summary what it may say with one offset.
func TestAppend(t *testing.T) {
	for _, s := range samples(t) {
		b := s.sketch(t)
		got := decoded(t, s.name, b)
		got.holds(t, s.name, s.counts)

		want := answer{total: s.summary.Total(), items: map[string]bounds{}}
		offset := s.summary.Threshold()
		s.summary.Each(func(_ []byte, lower, upper uint64) bool {
			offset = max(offset, upper-lower)
			return true
		})
		want.absent.upper = offset
		s.summary.Each(func(item []byte, lower, _ uint64) bool {
			want.items[string(item)] = bounds{lower + offset, lower, lower + offset}
			return true
		})
		t.Logf("%s: %d of %d items in %d bytes, offset %d of %d", s.name, len(got.items), len(want.items), len(b), got.absent.upper, got.total)
		if len(got.items) == len(want.items) {
			if got.total != want.total || got.absent != want.absent || !maps.Equal(got.items, want.items) {
				t.Errorf("%s: got other bounds than the summary's with one offset", s.name)
			}
			continue
		}
		checkHeaviest(t, s, got, len(b))
	}
}

// checkHeaviest checks the sketch of an exact summary that is too large for it.
func checkHeaviest(t *testing.T, s sample, got answer, size int) {
	t.Helper()
	if len(got.items) > MaxItems || size > MaxBytes || len(got.items) < MaxItems && size < MaxBytes-summary.MaxItem-recordBytes {
		t.Errorf("%s: %d items in %d bytes", s.name, len(got.items), size)
	}
	var most uint64 // of those that are left out
	for item, count := range s.counts {
		if _, ok := got.items[item]; !ok {
			most = max(most, count)
		}
	}
	for item, b := range got.items {
		if b.lower != s.counts[item] || b.lower < most {
			t.Errorf("%s: %.40q counts %d; it is in the sketch with %d, and one that counts %d is not", s.name, item, s.counts[item], b.lower, most)
		}
	}
	if got.absent.upper != most {
		t.Errorf("%s: the offset is %d, and %d is the most that it leaves out", s.name, got.absent.upper, most)
	}
}

// TestBytes: the layout, byte by byte.
func TestBytes(t *testing.T) {
	const want = "04010a1003000000" + "0300000000000000" + "1000000000000000" + "0000000000000000" +
		"0a00000000000000" + "0300000000000000" + "0300000000000000" +
		"02000000" + "c3a4" + "00000000" + "01000000" + "78"
	var cfg summary.Config
	b := summarize(t, "three items", &cfg, []event{{"ä", 10}, {"", 3}, {"x", 1}, {"x", 2}}).sketch(t)
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("three items:\n got %s\nwant %s", got, want)
	}
	nothing := summary.New(&cfg)
	if got, err := Append(slices.Clip(b), nothing); err != nil || hex.EncodeToString(got) != want+"01010a1003050000" {
		t.Errorf("nothing behind it: %x, %v", got, err)
	}
}

// TestNoItem: a total that no item has a part of can't be said.
func TestNoItem(t *testing.T) {
	// A sketched summary of total 5 and threshold 5, by hand: a seed, 2×1 cells of
	// 8 bits, no items, a block of cells that are 0.
	s, err := summary.Decode([]byte{'C', 1, 1, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 8, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Append(nil, s); !errors.Is(err, ErrNoItem) {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, memory := range []int{64 << 10, 1 << 20} {
		cfg := summary.ForMemory(memory)
		s := summarize(b, "commits", &cfg, commits(b)).summary
		b.Run(fmt.Sprint(memory>>10, "KiB"), func(b *testing.B) {
			size := 0
			for b.Loop() {
				sketch, err := Append(nil, s)
				if err != nil {
					b.Fatal(err)
				}
				size = len(sketch)
			}
			b.ReportMetric(float64(size), "bytes")
			b.ReportMetric(float64(len(s.AppendBinary(nil))), "summary-bytes")
		})
	}
}
