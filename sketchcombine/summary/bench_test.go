package summary

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"sync"
	"testing"
)

// zipf returns n items of a universe with frequencies like rank^-s, as slices
// of one buffer in order of arrival, which is how a block holds them.
func zipf(n int, s float64, universe int, seed uint64) [][]byte {
	cdf := make([]float64, universe)
	sum := 0.0
	for i := range cdf {
		sum += math.Pow(float64(i+1), -s)
		cdf[i] = sum
	}
	r := rand.New(rand.NewPCG(seed, 1))
	var buf bytes.Buffer
	ends := make([]int, n)
	for i := range ends {
		k := min(sort.SearchFloat64s(cdf, r.Float64()*sum), universe-1)
		fmt.Fprintf(&buf, "w%x", uint32(k)*2654435761)
		ends[i] = buf.Len()
	}
	out, start := make([][]byte, n), 0
	for i, end := range ends {
		out[i] = buf.Bytes()[start:end:end]
		start = end
	}
	return out
}

// benchItems are 10 million items of a million, a Zipf and a flat distribution.
var benchItems = map[string]func() [][]byte{
	"zipf1.1": sync.OnceValue(func() [][]byte { return zipf(1e7, 1.1, 1e6, 1) }),
	"flat0.8": sync.OnceValue(func() [][]byte { return zipf(1e7, .8, 1e6, 2) }),
}

func BenchmarkAdd(b *testing.B) {
	for _, name := range []string{"zipf1.1", "flat0.8"} {
		items := benchItems[name]()
		b.Run(name+"/map", func(b *testing.B) {
			m := map[string]*uint64{}
			for i := range b.N {
				item := items[i%len(items)]
				if p := m[string(item)]; p != nil {
					*p++
				} else {
					m[string(item)] = new(uint64(1))
				}
			}
		})
		for _, kib := range []int{64, 1024} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, kib), func(b *testing.B) {
				cfg := ForMemory(kib << 10)
				s := New(&cfg)
				for i := range b.N {
					if err := s.Add(items[i%len(items)], 1); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkAddExact fills tables of 45,000 items, as a shard's minute has.
func BenchmarkAddExact(b *testing.B) {
	items := zipf(1<<18, .8, 45_000, 3)
	b.Run("map", func(b *testing.B) {
		m := map[string]*uint64{}
		for i := range b.N {
			item := items[i%len(items)]
			if i%len(items) == 0 {
				m = map[string]*uint64{}
			}
			if p := m[string(item)]; p != nil {
				*p++
			} else {
				m[string(item)] = new(uint64(1))
			}
		}
	})
	b.Run("summary", func(b *testing.B) {
		var s *Summary
		for i := range b.N {
			if i%len(items) == 0 {
				s = New(&Config{})
			}
			if err := s.Add(items[i%len(items)], 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMerge merges 60 summaries of 1 MiB, each of a 60th of the items.
func BenchmarkMerge(b *testing.B) {
	for _, name := range []string{"zipf1.1", "flat0.8"} {
		items := benchItems[name]()
		cfg := ForMemory(1 << 20)
		parts := make([]*Summary, 60)
		for p := range parts {
			parts[p] = New(&cfg)
			for _, item := range items[p*len(items)/60 : (p+1)*len(items)/60] {
				parts[p].Add(item, 1)
			}
		}
		b.Run(name, func(b *testing.B) {
			for range b.N {
				acc := New(&cfg)
				for _, p := range parts {
					if err := acc.Merge(p); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		bytes := parts[0].AppendBinary(nil)
		b.Run(name+"/encode", func(b *testing.B) {
			b.SetBytes(int64(len(bytes)))
			for range b.N {
				bytes = parts[0].AppendBinary(bytes[:0])
			}
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.SetBytes(int64(len(bytes)))
			for range b.N {
				if _, err := Decode(bytes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
