package summary

import (
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"
)

func TestHashIsXXH64(t *testing.T) {
	item := make([]byte, 100)
	for i := range item {
		item[i] = byte(rand.Uint32())
	}
	for n := range len(item) + 1 {
		seed := rand.Uint64()
		d := xxhash.NewWithSeed(seed)
		d.Write(item[:n])
		if got, want := Seed(seed).Hash(item[:n]), d.Sum64(); got != want {
			t.Errorf("seed %#x, %d bytes: %#x, not %#x", seed, n, got, want)
		}
	}
}

// TestShard checks that shards are even, and that the bits that choose one say
// nothing of those that place an item within it.
func TestShard(t *testing.T) {
	const shards, items = 7, 70_000
	var n [shards]int
	var upper [shards]int
	for i := range uint64(items) {
		h := Seed(1).Hash([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		s := Shard(h, shards)
		n[s]++
		upper[s] += int(h >> 63)
	}
	for s := range shards {
		if d := n[s] - items/shards; d < -500 || d > 500 {
			t.Errorf("shard %d has %d of %d items", s, n[s], items)
		}
		if d := 2*upper[s] - n[s]; d < -700 || d > 700 {
			t.Errorf("shard %d has %d hashes of its %d in the upper half", s, upper[s], n[s])
		}
	}
}
