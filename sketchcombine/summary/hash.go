package summary

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Seed keys the hash of items. Who knows it can craft items that collide, so a
// seed that matters is kept secret; summaries merge only under one seed.
type Seed uint64

// The primes of XXH64.
const (
	prime1 uint64 = 11400714785074694791
	prime2 uint64 = 14029467366897019727
	prime3 uint64 = 1609587929392839161
	prime4 uint64 = 9650029242287828579
	prime5 uint64 = 2870177450012600261
)

// Hash is XXH64 of the item under the seed
// (github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). It stands here
// because cespare/xxhash, against which the tests check it, takes a seed only
// through a streaming digest, at three times the price for a short item.
func (seed Seed) Hash(item []byte) uint64 {
	n := uint64(len(item))
	h := uint64(seed) + prime5
	if len(item) >= 32 {
		v1, v2, v3, v4 := uint64(seed)+prime1, uint64(seed)+prime2, uint64(seed), uint64(seed)
		v1 += prime2
		v4 -= prime1
		for ; len(item) >= 32; item = item[32:] {
			v1 = round(v1, binary.LittleEndian.Uint64(item))
			v2 = round(v2, binary.LittleEndian.Uint64(item[8:]))
			v3 = round(v3, binary.LittleEndian.Uint64(item[16:]))
			v4 = round(v4, binary.LittleEndian.Uint64(item[24:]))
		}
		h = bits.RotateLeft64(v1, 1) + bits.RotateLeft64(v2, 7) + bits.RotateLeft64(v3, 12) + bits.RotateLeft64(v4, 18)
		h = (h^round(0, v1))*prime1 + prime4
		h = (h^round(0, v2))*prime1 + prime4
		h = (h^round(0, v3))*prime1 + prime4
		h = (h^round(0, v4))*prime1 + prime4
	}
	h += n
	for ; len(item) >= 8; item = item[8:] {
		h = bits.RotateLeft64(h^round(0, binary.LittleEndian.Uint64(item)), 27)*prime1 + prime4
	}
	if len(item) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(item))*prime1, 23)*prime2 + prime3
		item = item[4:]
	}
	for _, c := range item {
		h = bits.RotateLeft64(h^uint64(c)*prime5, 11) * prime1
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

func round(acc, x uint64) uint64 {
	return bits.RotateLeft64(acc+x*prime2, 31) * prime1
}

// Fingerprint tells seeds apart without giving them away: XXH64 can be computed
// backwards, SHA-256 can't.
func (seed Seed) Fingerprint() uint64 {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("crest summary seed "), uint64(seed)))
	return binary.LittleEndian.Uint64(sum[:])
}

// placeOf is what tells where an item of this hash stands in a table's index and
// in a light part: half of the hash, so that a table can keep it and no merge
// hashes. Two items of one place, a pair in four billion, share their cells.
func placeOf(hash uint64) uint32 { return uint32(hash >> 32) }

// Shard is the shard of S, in [0, S), that an item of this hash belongs to. It
// stirs the hash once more, so that within a shard the bits that place an item
// in the tables are as good as before.
func Shard(hash uint64, shards int) int {
	hash = (hash ^ hash>>31) * 0xbf58476d1ce4e5b9
	hash ^= hash >> 29
	hi, _ := bits.Mul64(hash*0x94d049bb133111eb, uint64(shards))
	return int(hi)
}
