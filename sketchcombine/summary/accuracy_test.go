package summary

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"crest/datatest"
)

// A stream is a sequence of items and what is true of it.
type stream struct {
	name  string
	items [][]byte
	count map[string]uint64
}

func newStream(name string, items [][]byte) stream {
	s := stream{name, items, map[string]uint64{}}
	for _, item := range items {
		s.count[string(item)]++
	}
	return s
}

// commits are the items of real commits, in their order of arrival.
func commits(t *testing.T) (items [][]byte) {
	datatest.Lines(t, datatest.Commits, func(line []byte) {
		var v struct{ Item string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		items = append(items, []byte(v.Item))
	})
	return items
}

// byCount returns the items of a stream, the rarest first.
func (s stream) byCount() [][]byte {
	items := slices.Clone(s.items)
	slices.SortStableFunc(items, func(a, b []byte) int {
		return int(s.count[string(a)]) - int(s.count[string(b)])
	})
	return items
}

// roundRobin returns n items, all of the same count.
func roundRobin(n, universe int) (items [][]byte) {
	for i := range n {
		items = append(items, fmt.Appendf(nil, "item %d", i%universe))
	}
	return items
}

// measure is what a summary's first hundred are worth.
type measure struct {
	recall, certain int
	err             float64
}

// judge compares all that the summary says with what is true.
func (s stream) judge(t *testing.T, got *Summary) measure {
	t.Helper()
	for item, c := range s.count {
		if lower, upper := got.Bounds([]byte(item)); c < lower || c > upper {
			t.Errorf("%s: item %q: %d is not in [%d, %d]", s.name, item, c, lower, upper)
		}
	}
	var counts []uint64
	for _, c := range s.count {
		counts = append(counts, c)
	}
	slices.Sort(counts)
	k := min(100, len(counts))
	kth := counts[len(counts)-k]
	m := measure{}
	l := got.Top(k)
	for _, r := range l.Rows {
		c := s.count[r.Item]
		if c >= kth {
			m.recall++
		}
		if r.Certain {
			m.certain++
			if c < kth {
				t.Errorf("%s: %q is certain, but %d is under the %d of rank %d", s.name, r.Item, c, kth, k)
			}
		}
		m.err += max(float64(r.Count)/float64(c), float64(c)/float64(r.Count)) - 1
	}
	m.recall = m.recall * 100 / k
	m.certain = m.certain * 100 / k
	m.err /= float64(k)
	return m
}

// summarize counts the stream in parts, and merges them.
func (s stream) summarize(t *testing.T, cfg *Config, parts, bytes int) *Summary {
	t.Helper()
	acc := New(cfg)
	check := func(sum *Summary, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if size := sum.Size(); size > bytes+bytes/32 {
			t.Fatalf("%s: a summary of %d bytes takes %d", s.name, bytes, size)
		}
	}
	for p := range parts {
		part := New(cfg)
		for i, item := range s.items[p*len(s.items)/parts : (p+1)*len(s.items)/parts] {
			if err := part.Add(item, 1); err != nil || i%64 == 0 {
				check(part, err)
			}
		}
		check(acc, acc.Merge(part))
	}
	return acc
}

// TestAccuracy asserts, over streams easy and hard, that all bounds hold and
// that the first hundred are what they should be. Streams and seeds are fixed.
func TestAccuracy(t *testing.T) {
	const n = 200_000
	zipfStream := func(s float64) stream {
		return newStream(fmt.Sprintf("Zipf %.1f", s), zipf(n, s, 200_000, 1))
	}
	base := zipfStream(1.1)
	rising := newStream("the heaviest last", base.byCount())
	falling := newStream("the heaviest first", slices.Clone(rising.items))
	slices.Reverse(falling.items)
	type expect struct{ recall, certain int }
	for _, tt := range []struct {
		stream
		whole, merged expect // at 64 KiB, as one and in 60 parts
	}{
		{zipfStream(0.6), expect{95, 50}, expect{70, 0}},
		{zipfStream(0.8), expect{99, 90}, expect{95, 50}},
		{zipfStream(1.0), expect{99, 95}, expect{99, 75}},
		{base, expect{100, 95}, expect{99, 85}},
		{zipfStream(1.4), expect{100, 100}, expect{100, 98}},
		{zipfStream(1.8), expect{100, 100}, expect{100, 100}},
		{newStream("commits", commits(t)), expect{98, 85}, expect{96, 70}},
		{rising, expect{98, 75}, expect{98, 90}},
		{falling, expect{100, 95}, expect{99, 85}},
		{newStream("round robin", roundRobin(n, 20_000)), expect{100, 0}, expect{100, 0}},
		{newStream("ties that fit", roundRobin(n, 150)), expect{100, 100}, expect{100, 100}},
		{newStream("distinct, then heavy", append(roundRobin(n, n), zipf(n/3, 1.1, 200, 5)...)), expect{99, 60}, expect{98, 60}},
		{newStream("all distinct", roundRobin(n, n)), expect{100, 0}, expect{100, 0}},
	} {
		for _, kib := range []int{64, 256} {
			cfg := ForMemory(kib << 10)
			cfg.Seed = 1
			for parts, want := range map[int]expect{1: tt.whole, 60: tt.merged} {
				m := tt.judge(t, tt.summarize(t, &cfg, parts, kib<<10))
				t.Logf("%-20s %3d KiB %2d parts: recall %3d, certain %3d, error %.2f%%", tt.name, kib, parts, m.recall, m.certain, 100*m.err)
				if m.recall < want.recall || m.certain < want.certain {
					t.Errorf("%s, %d KiB, %d parts: %+v, want at least %+v", tt.name, kib, parts, m, want)
				}
			}
		}
	}
}
