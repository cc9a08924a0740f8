package summary

import (
	"encoding/binary"
	"math/bits"
)

// An index finds the records of a table by open addressing over groups of eight
// slots, each slot with a tag of 8 bits of its item's place. The eight tags of a group
// are one word, so that a search compares them at once, and almost always takes
// the branches that the last one took: a miss ends at the first group that has
// room, a hit at the record whose tag is equal.
type index struct {
	tags    []uint64 // a byte a slot, filled from the lowest; 0 is a free slot
	offsets []uint32 // of the records
}

const (
	groupSlots = 8
	// groupItems is how many items a group holds on average before there are
	// more groups.
	groupItems = 6
	// slotBytes is what the index takes an item.
	slotBytes = float64(5*groupSlots) / groupItems

	low  = 0x0101010101010101
	high = 0x8080808080808080
)

func newIndex(items int) index {
	groups := (items + groupItems) / groupItems
	return index{make([]uint64, groups), make([]uint32, groups*groupSlots)}
}

// room is how many items the index takes.
func (x *index) room() int { return len(x.tags) * groupItems }

// home is the group at which the search for an item begins.
func (x *index) home(place uint32) int { return int(uint64(place) * uint64(len(x.tags)) >> 32) }

// tag is never 0.
func tag(place uint32) uint64 { return max(uint64(place&0xff), 1) }

// find returns the offset of the item's record, or -1.
func (t *table) find(place uint32, item []byte) int {
	groups, want := t.index.tags, tag(place)*low
	for g := t.index.home(place); g < len(groups); {
		tags := groups[g]
		differ := tags ^ want
		// The high bit of each byte of differ that is 0.
		for equal := high &^ (differ&^high + (high - low) | differ); equal != 0; equal &= equal - 1 {
			off := int(t.index.offsets[g*groupSlots+bits.TrailingZeros64(equal)/8])
			if t.is(off, item) {
				return off
			}
		}
		if tags>>56 == 0 {
			break
		}
		if g++; g == len(groups) {
			g = 0
		}
	}
	return -1
}

// is tells whether the record is the item's.
func (t *table) is(off int, item []byte) bool {
	r := t.arena[off:]
	return int(binary.LittleEndian.Uint16(r[sizeAt:])) == len(item) && string(r[t.head:t.head+len(item)]) == string(item)
}

// put points a free slot at the record of an item.
func (x *index) put(place uint32, off int) {
	g := x.home(place)
	for x.tags[g]>>56 != 0 {
		if g++; g == len(x.tags) {
			g = 0
		}
	}
	i := (bits.Len64(x.tags[g]) + 7) / 8
	x.tags[g] |= tag(place) << (8 * i)
	x.offsets[g*groupSlots+i] = uint32(off)
}

// reindex builds the index of all records anew, with room for so many.
func (t *table) reindex(items int) {
	if x := newIndex(items); len(t.index.tags) != len(x.tags) {
		t.index = x
	} else {
		clear(t.index.tags)
	}
	for off := 0; off < len(t.arena); off = t.next(off) {
		t.index.put(t.place(off), off)
	}
}

func (x *index) clone() index {
	return index{append([]uint64(nil), x.tags...), append([]uint32(nil), x.offsets...)}
}

func (x *index) size() int { return 8*cap(x.tags) + 4*cap(x.offsets) }
