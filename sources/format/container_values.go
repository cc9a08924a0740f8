package format

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"crest/block"
)

// vector are the values of some rows, decoded.
type vector struct {
	ints  []int64      // times or weights
	texts []block.Text // items or segments
	// faults says what is wrong with each value; nil where nothing is.
	faults []fault
	// details tells of some faults what the value was.
	details map[int]string
	// counts is how many texts each row has; nil where each has one.
	counts []int32
}

// A fault is the number of a reason; 0 is none.
type fault uint8

const (
	faultMissing fault = iota + 1
	faultBadTime
	faultTimeRange
	faultWeight
	faultTooLong
)

func (v *vector) len() int { return max(len(v.ints), len(v.texts)) }

// fail marks the value i, of which the detail is wanted in the first few cases.
func (v *vector) fail(i int, f fault, detail func() string) {
	for len(v.faults) <= i {
		v.faults = append(v.faults, 0)
	}
	v.faults[i] = f
	if detail != nil && len(v.details) < block.MaxRejects {
		if v.details == nil {
			v.details = make(map[int]string)
		}
		v.details[i] = detail()
	}
}

func (v *vector) fault(i int) fault {
	if i < len(v.faults) {
		return v.faults[i]
	}
	return 0
}

// A meaning is what the numbers of a column are.
type meaning uint8

const (
	plainValue meaning = iota
	unsignedValue
	daysValue
	millisValue
	microsValue
	nanosValue
	uuidValue
	otherValue // something that is neither a time nor a name nor a count
)

// A converter makes values of a column or field into times, weights or texts.
type converter struct {
	role    int
	meaning meaning
	name    string
	limit   int // the longest text that is taken
	clock   clock
	room    []byte
}

const (
	// longestText is the longest text that words are counted of, in bytes.
	longestText = 1 << 20
	// containerRows is how many rows make a block, and fewer where words of long
	// texts are counted.
	containerRows = 64 << 10
	textRows      = 2 << 10
)

// newConverter returns the converter of a role.
func newConverter(role int, m meaning, name string, o *Options) converter {
	c := converter{role: role, meaning: m, name: name, limit: block.MaxItem}
	switch {
	case role == roleSegment:
		c.limit = block.MaxSegment
	case o.Extract.kind != wholeValue:
		c.limit = longestText
	}
	return c
}

// rowsOfBlock is how many rows make a block.
func (o *Options) rowsOfBlock() int {
	if o.Extract.kind != wholeValue {
		return textRows
	}
	return containerRows
}

// missing appends a null.
func (c *converter) missing(v *vector) {
	i := v.len()
	switch c.role {
	case roleTime:
		v.ints = append(v.ints, 0)
		v.fail(i, faultMissing, nil)
	case roleWeight:
		v.ints = append(v.ints, 1)
	case roleItem:
		v.texts = append(v.texts, block.Text{})
		v.fail(i, faultMissing, nil)
	case roleSegment:
		v.texts = append(v.texts, block.Text{})
	}
}

func (c *converter) int64(v *vector, b *block.Block, x int64) {
	switch c.role {
	case roleTime:
		ms, reason := timeOfInt(x, c.meaning)
		c.time(v, ms, reason, func() string { return fmt.Sprintf("%s is %d", c.name, x) })
	case roleWeight:
		if v.ints = append(v.ints, x); uint64(x) > maxWeight {
			v.fail(len(v.ints)-1, faultWeight, func() string { return fmt.Sprintf("%s is %d", c.name, x) })
		}
	default:
		if c.meaning == unsignedValue {
			c.text(v, b, strconv.AppendUint(c.room[:0], uint64(x), 10))
		} else {
			c.text(v, b, strconv.AppendInt(c.room[:0], x, 10))
		}
	}
}

// timeOfInt is the time that a number means.
func timeOfInt(x int64, meaning meaning) (int64, block.Reason) {
	if x < 0 {
		return 0, block.TimeRange
	}
	switch meaning {
	case millisValue:
	case microsValue:
		x /= 1000
	case nanosValue:
		x /= 1e6
	case daysValue:
		if x > block.MaxTime/dayMS {
			return 0, block.TimeRange
		}
		x *= dayMS
	default: // as epoch has it
		switch {
		case x < 1e11:
			x *= 1000
		case x < 1e14:
		case x < 1e17:
			x /= 1000
		default:
			x /= 1e6
		}
	}
	return inRange(x, true)
}

// written converts a number that only its decimal form tells.
func (c *converter) written(v *vector, b *block.Block, s []byte) {
	c.room = s
	switch c.role {
	case roleTime:
		ms, reason := epoch(s)
		c.time(v, ms, reason, func() string { return fmt.Sprintf("%s is %s", c.name, s) })
	case roleWeight:
		c.weight(v, s)
	default:
		c.text(v, b, s)
	}
}

func (c *converter) boolean(v *vector, b *block.Block, x bool) {
	switch s := strconv.AppendBool(c.room[:0], x); c.role {
	case roleTime:
		c.time(v, 0, block.BadTime, func() string { return fmt.Sprintf("%s is %t", c.name, x) })
	case roleWeight:
		c.weight(v, s)
	default:
		c.text(v, b, s)
	}
}

func (c *converter) bytes(v *vector, b *block.Block, s []byte) {
	switch c.role {
	case roleTime:
		ms, reason := c.clock.parse(s)
		c.time(v, ms, reason, func() string { return quoted(c.name, s) })
	case roleWeight:
		c.weight(v, s)
	default:
		c.text(v, b, s)
	}
}

func (c *converter) time(v *vector, ms int64, reason block.Reason, detail func() string) {
	v.ints = append(v.ints, ms)
	switch reason {
	case "":
	case block.TimeRange:
		v.fail(len(v.ints)-1, faultTimeRange, detail)
	default:
		v.fail(len(v.ints)-1, faultBadTime, detail)
	}
}

func (c *converter) weight(v *vector, s []byte) {
	w, ok := parseWeight(s)
	v.ints = append(v.ints, int64(w))
	if !ok {
		v.fail(len(v.ints)-1, faultWeight, func() string { return quoted(c.name, s) })
	}
}

// text appends a text to b's data.
func (c *converter) text(v *vector, b *block.Block, s []byte) {
	n := len(b.Data)
	if len(s) <= c.limit {
		if utf8.Valid(s) {
			b.Data = append(b.Data, s...)
		} else {
			b.Data = appendValid(b.Data, s)
		}
	}
	v.texts = append(v.texts, tail(b, n))
	if len(s) > c.limit || len(b.Data)-n > c.limit {
		v.texts[len(v.texts)-1] = block.Text{}
		v.fail(len(v.texts)-1, faultTooLong, func() string { return quoted(c.name, s) })
	}
}

// appendFloat writes a number as JSON does.
func appendFloat(dst []byte, x float64, bits int) []byte {
	form := byte('f')
	if abs := math.Abs(x); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, x, form, -1, bits)
}
