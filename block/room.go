package block

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A Room is the memory of a Block: its Data and its columns. A reader that fills
// the same few rooms again and again is spared fresh memory for everything it
// reads, which the kernel and then Go would clear, and which no cache holds.
//
// A block in a room counts who reads it. Its source is the first; it releases the
// block when it has emitted it. Whoever keeps the block, or a part of it, for
// longer than the call that it came with, holds it, and releases it when done. A
// block that nobody releases is garbage like any other; one that is read after
// its last release is a defect, and one that is released once more panics.
type Room struct {
	size     int // that was asked for
	data     []byte
	times    []int64
	items    []Text
	segments []Text
	weights  []uint64
	readers  atomic.Int32
}

var rooms sync.Pool

// ClobberReleased makes every block that is released unreadable, so that a test
// finds who reads it too late. It must be set before any block is.
var ClobberReleased bool

func (b *Block) clobber() {
	for i := range b.Data {
		b.Data[i] = 0xff
	}
	clear(b.Times)
	clear(b.Items)
	clear(b.Segments)
	clear(b.Weights)
}

// NewRoom returns a room, and its data: empty, with a capacity of at least size.
func NewRoom(size int) (*Room, []byte) {
	r, ok := rooms.Get().(*Room)
	if !ok {
		r = new(Room)
	}
	if r.size = size; cap(r.data) < size {
		r.data = make([]byte, 0, size)
	}
	return r, r.data[:0]
}

// Block returns the block in the room, without rows. data is what NewRoom
// returned, filled, or what that has grown to.
func (r *Room) Block(data []byte) Block {
	r.readers.Store(1)
	return Block{Data: data, Times: r.times[:0], Items: r.items[:0], room: r}
}

// Hold keeps the block as it is until one Release more.
func (b *Block) Hold() {
	if b.room != nil {
		b.room.readers.Add(1)
	}
}

// Release says that a reader is done with the block. It does nothing for a block
// that is in no room.
func (b *Block) Release() {
	r := b.room
	if r == nil {
		return
	}
	switch readers := r.readers.Add(-1); {
	case readers > 0:
		return
	case readers < 0:
		panic("block: released more often than held")
	}
	if ClobberReleased {
		b.clobber()
	}
	// What one record of uncommon size has made grow is not kept.
	if cap(b.Data) > cap(r.data) && cap(b.Data) <= 2*r.size {
		r.data = b.Data
	}
	if cap(b.Times) > r.size {
		return
	}
	r.times, r.items = b.Times, b.Items
	if b.Segments != nil {
		r.segments = b.Segments
	}
	if b.Weights != nil {
		r.weights = b.Weights
	}
	rooms.Put(r)
}

// OpenSegments gives the block a column of segments, empty for the first n rows.
func (b *Block) OpenSegments(n int) {
	var old []Text
	if b.room != nil {
		old = b.room.segments
	}
	b.Segments = column(old, n, cap(b.Times))
	clear(b.Segments)
}

// OpenWeights gives the block a column of weights, 1 for the first n rows.
func (b *Block) OpenWeights(n int) {
	var old []uint64
	if b.room != nil {
		old = b.room.weights
	}
	b.Weights = column(old, n, cap(b.Times))
	for i := range b.Weights {
		b.Weights[i] = 1
	}
}

// column is one of n rows, with room for so many.
func column[T any](old []T, n, room int) []T { return slices.Grow(old[:0], room)[:n] }
