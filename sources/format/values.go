package format

import "crest/block"

// The roles that a field can have.
const (
	roleTime = iota
	roleItem
	roleSegment
	roleWeight
	roles
)

// A kind is what a value is.
type kind uint8

const (
	// noValue is a field that is not there, JSON's null, an empty cell: they all
	// say that there is nothing.
	noValue       kind = iota
	plainString        // ASCII that stands for itself
	rawString          // stands for itself where it is UTF-8
	escapedString      // has escapes
	number
	boolean
	object
	array
)

// A span is [from, to) of a block's data. It is one word, because it is stored
// and soon loaded again, which for two halves is slow.
type span uint64

func spanOf(from, to int) span { return span(uint32(from)) | span(to)<<32 }

func (s span) from() int { return int(uint32(s)) }
func (s span) to() int   { return int(s >> 32) }

func (s span) text() block.Text { return block.Text{Off: uint32(s), Len: uint32(s>>32) - uint32(s)} }

// Values go into slots. There are two for each role: JSON may have a field of
// the very name that is wanted, and one at the path that the name can be read as.
const (
	slotRoom = 16           // a power of two, so that an index is masked, not checked
	unset    = slotRoom - 1 // never has a value
	noSlot   = slotRoom - 2 // where values go that nobody wants
)

// wanted is what a decoder looks for.
type wanted struct {
	names [roles]string
	// slots are, for each role, the slots that may hold its value; the first
	// that has one counts.
	slots   [roles][2]uint8
	extract Extract
}

func newWanted(o Options) wanted {
	return wanted{
		names:   [roles]string{roleTime: o.Time, roleItem: o.Item, roleSegment: o.Segment, roleWeight: o.Weight},
		extract: o.Extract,
	}
}

// values are the values of one record, and what is needed to make rows of them.
type values struct {
	*wanted
	data  []byte
	kinds [slotRoom]kind
	// spans are the values' places in data; a string's is without its quotes.
	spans [slotRoom]span
	// unescape appends what an escapedString stands for, as valid UTF-8.
	unescape func(dst, raw []byte) []byte
	// scan reads the elements of arrays.
	scan *jsonScanner
	room []byte

	clock clock
	// stamp is the time of a record that has none itself, or block.NoTime.
	stamp int64
	ms    int64 // the time of the last record that has rows
	// quick is the time that is the value of quickSlot, if a reader has parsed
	// it on the way.
	quick     int64
	quickSlot uint8
}

// of is the value of a role.
func (v *values) of(role int) (kind, span) {
	s := v.slots[role][0] % slotRoom
	if k := v.kinds[s]; k != noValue {
		return k, v.spans[s]
	}
	s = v.slots[role][1] % slotRoom
	return v.kinds[s], v.spans[s]
}

// rows appends the rows of the record to b, or says why there are none.
func (v *values) rows(b *block.Block) (reason block.Reason) {
	ms := v.quick
	if v.quickSlot != v.slots[roleTime][0] {
		ms, reason = v.time()
		if reason == block.MissingTime && v.stamp != block.NoTime {
			ms, reason = inRange(v.stamp, true)
		}
		if reason != "" {
			return reason
		}
	}
	v.ms = ms
	items := len(b.Items)
	k, s := v.of(roleItem)
	if t := s.text(); standsForItself&(1<<k) != 0 && v.extract.kind == wholeValue && t.Len <= block.MaxItem {
		b.Items = append(b.Items, t)
	} else if reason = v.items(b, k, s); reason != "" {
		b.Items = b.Items[:items]
		return reason
	}
	var segment block.Text
	k, s = v.of(roleSegment)
	if t := s.text(); standsForItself&(1<<k) != 0 && t.Len <= block.MaxSegment {
		segment = t
	} else if k != noValue {
		if segment, reason = v.segment(b, k, s); reason != "" {
			b.Items = b.Items[:items]
			return reason
		}
	}
	weight := uint64(1)
	if k, s = v.of(roleWeight); k != noValue {
		ok := k <= number
		if ok {
			weight, ok = parseWeight(v.bytes(k, s))
		}
		if !ok {
			b.Items = b.Items[:items]
			return block.BadWeight
		}
	}
	finish(b, ms, segment, weight)
	return ""
}

// standsForItself has a bit for each kind whose text is its span.
const standsForItself = 1<<plainString | 1<<number | 1<<boolean

func (v *values) time() (int64, block.Reason) {
	k, s := v.of(roleTime)
	switch k {
	case plainString, rawString:
		return v.clock.parse(v.data[s.from():s.to()])
	case escapedString:
		return v.clock.parse(v.bytes(k, s))
	case number:
		return epoch(v.data[s.from():s.to()])
	case noValue:
		return 0, block.MissingTime
	}
	return 0, block.BadTime
}

// items appends the items of a record to b.Items.
func (v *values) items(b *block.Block, k kind, s span) block.Reason {
	switch k {
	case noValue:
		return block.MissingItem
	case object:
		return block.BadItem
	case array:
		return v.elements(b, s)
	}
	if !v.extract.appendItems(b, v.text(b, k, s)) {
		return block.ItemTooLong
	}
	return ""
}

// elements appends the items of an array.
func (v *values) elements(b *block.Block, s span) block.Reason {
	for i := s.from() + 1; ; i++ { // i is behind the bracket or a comma
		i = v.scan.space(i)
		if v.scan.at(i) == ']' {
			return ""
		}
		end, k := v.scan.value(i, 0)
		switch k {
		case object, array:
			return block.BadItem
		case noValue: // null
		default:
			if !v.extract.appendItems(b, v.text(b, k, valueSpan(i, end, k))) {
				return block.ItemTooLong
			}
		}
		if i = v.scan.space(end); v.scan.at(i) == ']' {
			return ""
		}
	}
}

// segment is a segment that does not just stand for itself.
func (v *values) segment(b *block.Block, k kind, s span) (block.Text, block.Reason) {
	if k >= object {
		return block.Text{}, block.BadSegment
	}
	t := v.text(b, k, s)
	if t.Len > block.MaxSegment {
		return block.Text{}, block.BadSegment
	}
	return t, ""
}

// text is what a string, number or boolean stands for, as valid UTF-8 of b.
func (v *values) text(b *block.Block, k kind, s span) block.Text {
	switch k {
	case rawString:
		return text(b, s.from(), s.to())
	case escapedString:
		n := len(b.Data)
		b.Data = v.unescape(b.Data, v.data[s.from():s.to()])
		return tail(b, n)
	}
	return s.text()
}

// bytes is what a string or number stands for, until the next call.
func (v *values) bytes(k kind, s span) []byte {
	raw := v.data[s.from():s.to()]
	if k == escapedString {
		v.room = v.unescape(v.room[:0], raw)
		return v.room
	}
	return raw
}

// detail says what a record was rejected for, where the record tells: its value.
func (v *values) detail(reason block.Reason) string {
	role := roleTime
	switch reason {
	case block.MissingItem, block.BadItem, block.ItemTooLong:
		role = roleItem
	case block.BadSegment:
		role = roleSegment
	case block.BadWeight:
		role = roleWeight
	}
	k, s := v.of(role)
	if k == noValue {
		return "no " + v.names[role]
	}
	return quoted(v.names[role], v.data[s.from():s.to()])
}
