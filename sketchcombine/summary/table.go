package summary

import (
	"encoding/binary"
	"math"
)

// A table maps items to counters. Its records stand one behind the other in an
// arena, in the order in which the items came, found through an index. So an
// item's counter and its bytes share a cache line, a table is few allocations
// however many items it has, and a walk over it is sequential.
//
// A record is: place (4 bytes), length of the item (2), count, entry (only of
// candidates), item. Count and entry have 4 bytes each while the total fits in
// there, which bounds them, then 8. Integers are little-endian. The place, see
// placeOf, is 0 until the table is bound to a seed.
type table struct {
	// index is empty with n > 0 where it is not built, as after decoding: only
	// walks are possible.
	index index
	arena []byte
	n     int
	// head is the length of a record before its item.
	head int
	// word is the length of a count and of an entry.
	word int
	// limit is the largest total for which they have room.
	limit uint64
	// heavy tells that records have entries.
	heavy bool
	// bounded tells that the table is of a summary with a budget.
	bounded bool
}

const (
	sizeAt  = 4
	countAt = 6

	narrow = 4 // a word while the total has 32 bits
	wide   = 8

	maxArena = math.MaxUint32
)

// headOf is the length of a record before its item.
func headOf(word int, heavy bool) int {
	if heavy {
		return countAt + 2*word
	}
	return countAt + word
}

// newTable returns an empty table of a summary that counts to total.
func newTable(total uint64, heavy bool) table {
	t := table{heavy: heavy}
	if t.word, t.limit = narrow, math.MaxUint32; total > t.limit {
		t.word, t.limit = wide, math.MaxInt64
	}
	t.head = headOf(t.word, heavy)
	return t
}

// reshape moves the records into a table that counts to total, with entries or
// without, whose arena has at least this room. It builds no index.
func (t *table) reshape(total uint64, heavy bool, room int) error {
	r := newTable(max(total, t.limit), heavy)
	size := len(t.arena) + (r.head-t.head)*t.n
	if size > maxArena {
		return ErrTooLarge
	}
	r.bounded = t.bounded
	r.arena = make([]byte, 0, max(size, room))
	for off := 0; off < len(t.arena); off = t.next(off) {
		r.append(t.place(off), t.item(off), t.count(off), t.entry(off))
	}
	*t = r
	return nil
}

// widen makes room for counts up to total.
func (t *table) widen(total uint64) error {
	index := t.index
	if err := t.reshape(total, t.heavy, cap(t.arena)); err != nil {
		return err
	}
	t.index = index
	t.reindex(index.room() - 1)
	return nil
}

func (t *table) get(at int) uint64 {
	if t.word == narrow {
		return uint64(binary.LittleEndian.Uint32(t.arena[at:]))
	}
	return binary.LittleEndian.Uint64(t.arena[at:])
}

func (t *table) set(at int, v uint64) {
	if t.word == narrow {
		binary.LittleEndian.PutUint32(t.arena[at:], uint32(v))
	} else {
		binary.LittleEndian.PutUint64(t.arena[at:], v)
	}
}

func (t *table) add(at int, w uint64) {
	if b := t.arena[at:]; t.word == narrow {
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)+uint32(w))
	} else {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)+w)
	}
}

func (t *table) place(off int) uint32 { return binary.LittleEndian.Uint32(t.arena[off:]) }
func (t *table) count(off int) uint64 { return t.get(off + countAt) }

func (t *table) addCount(off int, w uint64) { t.add(off+countAt, w) }

// entry is the bound on what an item counted before it came into the table.
func (t *table) entry(off int) uint64 {
	if !t.heavy {
		return 0
	}
	return t.get(off + countAt + t.word)
}

func (t *table) addEntry(off int, e uint64) { t.add(off+countAt+t.word, e) }

// upper is what the item's count does not exceed.
func (t *table) upper(off int) uint64 { return t.count(off) + t.entry(off) }

func (t *table) item(off int) []byte {
	n := int(binary.LittleEndian.Uint16(t.arena[off+sizeAt:]))
	return t.arena[off+t.head : off+t.head+n : off+t.head+n]
}

// next is the offset of the record behind the one at off.
func (t *table) next(off int) int {
	return off + t.head + int(binary.LittleEndian.Uint16(t.arena[off+sizeAt:]))
}

// append adds a record without indexing it.
func (t *table) append(place uint32, item []byte, count, entry uint64) {
	off, end := len(t.arena), len(t.arena)+t.head+len(item)
	if end > cap(t.arena) {
		t.grow(end)
	}
	t.arena = t.arena[:end]
	r := t.arena[off:]
	binary.LittleEndian.PutUint32(r, place)
	binary.LittleEndian.PutUint16(r[sizeAt:], uint16(len(item)))
	copy(r[t.head:], item)
	t.n++
	t.set(off+countAt, count)
	if t.heavy {
		t.set(off+countAt+t.word, entry)
	}
}

// grow makes room for an arena of at least n bytes. It doubles where memory is
// not promised to anyone: a quarter at a time, most of the time of filling a
// large table went into copying it.
func (t *table) grow(n int) {
	room := max(64, cap(t.arena)+cap(t.arena)/4)
	if !t.heavy && !t.bounded {
		room = max(64, 2*cap(t.arena))
	}
	t.arena = append(make([]byte, 0, max(n, room)), t.arena...)
}

// insert adds an item that the table does not have.
func (t *table) insert(place uint32, item []byte, count, entry uint64) error {
	off := len(t.arena)
	if off+t.head+len(item) > maxArena {
		return ErrTooLarge
	}
	if t.n >= t.index.room() {
		t.reindex(2*t.n + 1)
	}
	t.append(place, item, count, entry)
	t.index.put(place, off)
	return nil
}

// bind hashes the items and builds the index. It reports an item that stands
// twice as an error, and then leaves the table without an index.
func (t *table) bind(seed Seed) error {
	t.index = newIndex(t.n)
	for off := 0; off < len(t.arena); off = t.next(off) {
		item := t.item(off)
		p := placeOf(seed.Hash(item))
		if t.find(p, item) >= 0 {
			t.index = index{}
			return corrupt("item %.40q stands twice", item)
		}
		binary.LittleEndian.PutUint32(t.arena[off:], p)
		t.index.put(p, off)
	}
	return nil
}

func (t *table) clone() table {
	c := *t
	c.index = t.index.clone()
	c.arena = append(make([]byte, 0, cap(t.arena)), t.arena...)
	return c
}

func (t *table) size() int { return cap(t.arena) + t.index.size() }
