package summary

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestFinds(t *testing.T) {
	if os.Getenv("SPEED") == "" {
		t.Skip()
	}
	const chunk = 20000
	items := zipf(4e6, 1.1, 1e6, 1)
	cfg := ForMemory(64 << 10)
	s := New(&cfg)
	for _, it := range items {
		s.Add(it, 1)
	}
	var hits, misses [][]byte
	for _, it := range items {
		if s.table.find(cfg.Seed.Hash(it), it) >= 0 {
			hits = append(hits, it)
		} else {
			misses = append(misses, it)
		}
	}
	var x uint64
	for _, set := range []struct {
		n  string
		it [][]byte
	}{{"hits", hits}, {"misses", misses}, {"all", items}} {
		hs := make([]uint64, len(set.it))
		for i := range hs {
			hs[i] = cfg.Seed.Hash(set.it[i])
		}
		var d []time.Duration
		for i := 0; i+chunk < len(set.it); i += chunk {
			t0 := time.Now()
			for j := i; j < i+chunk; j++ {
				x += uint64(s.table.find(hs[j], set.it[j]))
			}
			d = append(d, time.Since(t0))
		}
		fmt.Printf("%s %.1f\n", set.n, float64(fastest(d, 5))/chunk)
	}
	sink = x
}
