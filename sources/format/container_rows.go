package format

import (
	"slices"

	"crest/block"
)

// vectors are the values of each role.
type vectors [roles]vector

// assemble makes rows of b's records. The first is at the given offset, the
// others step by step behind it.
func (values *vectors) assemble(b *block.Block, o *Options, rows int, offset, step int64) {
	times, items, segments, weights := &values[roleTime], &values[roleItem], &values[roleSegment], &values[roleWeight]
	whole := items.counts == nil && o.Extract.kind == wholeValue
	if whole && times.faults == nil && items.faults == nil && segments.faults == nil && weights.faults == nil {
		b.Times, b.Items, b.Segments = times.ints, items.texts, segments.texts
		if weights.ints != nil {
			b.Weights = make([]uint64, rows)
			for i, w := range weights.ints {
				b.Weights[i] = uint64(w)
			}
		}
		return
	}
	b.Times = make([]int64, 0, rows)
	b.Items = make([]block.Text, 0, len(items.texts))
	next := 0
	for i := range rows {
		n := 1
		if items.counts != nil {
			n = int(items.counts[i])
		}
		texts := items.texts[next : next+n]
		next += n
		reason, detail := values.reason(o, i)
		if reason == "" {
			first := len(b.Items)
			if slices.ContainsFunc(texts, func(t block.Text) bool { return !o.Extract.appendItems(b, t) }) {
				b.Items = b.Items[:first]
				reason, detail = block.ItemTooLong, o.Item
			}
		}
		if reason != "" {
			b.Reject(offset+int64(i)*step, reason, detail, nil)
			continue
		}
		var segment block.Text
		if segments.texts != nil {
			segment = segments.texts[i]
		}
		weight := uint64(1)
		if weights.ints != nil {
			weight = uint64(weights.ints[i])
		}
		finish(b, times.ints[i], segment, weight)
	}
}

// reason says why row i is rejected, if it is.
func (values *vectors) reason(o *Options, i int) (block.Reason, string) {
	for role := range values {
		f := values[role].fault(i)
		if f == 0 {
			continue
		}
		name := [roles]string{roleTime: o.Time, roleItem: o.Item, roleSegment: o.Segment, roleWeight: o.Weight}[role]
		detail := values[role].details[i]
		if detail == "" {
			detail = "no " + name
		}
		switch f {
		case faultMissing:
			return [roles]block.Reason{roleTime: block.MissingTime, roleItem: block.MissingItem}[role], "no " + name
		case faultBadTime:
			return block.BadTime, detail
		case faultTimeRange:
			return block.TimeRange, detail
		case faultWeight:
			return block.BadWeight, detail
		}
		if role == roleSegment {
			return block.BadSegment, detail
		}
		return block.ItemTooLong, detail
	}
	return "", ""
}
