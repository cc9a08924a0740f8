package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"crest/block"
)

// avroDecoder reads Avro's binary encoding; after the first error it reads
// zeros.
type avroDecoder struct {
	data []byte
	at   int
	err  error
}

func (d *avroDecoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.at = len(d.data)
}

// long reads an int or long.
func (d *avroDecoder) long() int64 {
	if d.at < len(d.data) && d.data[d.at] < 0x80 {
		x := int64(d.data[d.at])
		d.at++
		return x>>1 ^ -(x & 1)
	}
	x, n := binary.Varint(d.data[d.at:])
	if n > 0 {
		d.at += n
		return x
	}
	if n < 0 {
		d.fail(errors.New("a number of over 64 bits"))
	} else {
		d.fail(errAvroShort)
	}
	return 0
}

// next returns the next n bytes.
func (d *avroDecoder) next(n int64) []byte {
	if n < 0 {
		d.fail(errors.New("a negative length"))
		return nil
	}
	if n > int64(len(d.data)-d.at) {
		d.fail(errAvroShort)
		return nil
	}
	s := d.data[d.at : d.at+int(n)]
	d.at += int(n)
	return s
}

func (d *avroDecoder) bytes() []byte { return d.next(d.long()) }

// header reads a file's header into meta, and returns the sync marker.
func (d *avroDecoder) header(meta map[string][]byte) []byte {
	if string(d.next(int64(len(avroMagic)))) != avroMagic && d.err == nil {
		d.fail(errors.New("it does not start as Avro does"))
	}
	for d.err == nil {
		n := d.long()
		if n == 0 {
			break
		}
		if n < 0 {
			n = -n
			d.long()
		}
		for ; n > 0 && d.err == nil; n-- {
			key, value := d.bytes(), d.bytes()
			if meta != nil {
				meta[string(key)] = value
			}
		}
	}
	return d.next(syncSize)
}

// avroReader reads records into columns.
type avroReader struct {
	avroDecoder
	schema *avroSchema
	conv   [roles]converter
	used   [roles]bool
	values vectors
	b      *block.Block
	budget int         // how many elements of arrays and maps there may still be
	seen   [roles]bool // what the record has
}

func newAvroReader(s *avroSchema, o *Options, data []byte) *avroReader {
	r := &avroReader{avroDecoder: avroDecoder{data: data}, schema: s, budget: len(data) + 1<<20}
	names := [roles]string{roleTime: o.Time, roleItem: o.Item, roleSegment: o.Segment, roleWeight: o.Weight}
	r.mark(s.root, make(map[*avroNode]bool))
	for role, name := range names {
		r.conv[role] = newConverter(role, plainValue, name, o)
	}
	return r
}

// mark finds the roles that fields have.
func (r *avroReader) mark(n *avroNode, done map[*avroNode]bool) {
	if !n.wanted || done[n] {
		return
	}
	done[n] = true
	for _, role := range n.roles {
		r.used[role] = true
	}
	for _, child := range n.children {
		r.mark(child, done)
	}
}

// read reads up to rows records into r.values and b. It returns how many it
// read before an error.
func (r *avroReader) read(b *block.Block, rows int) (int, error) {
	r.b, r.values = b, vectors{}
	for role := range r.values {
		if !r.used[role] {
			continue
		}
		v := &r.values[role]
		if role == roleTime || role == roleWeight {
			v.ints = make([]int64, 0, rows)
		} else {
			v.texts = make([]block.Text, 0, rows)
		}
	}
	items := &r.values[roleItem]
	for row := range rows {
		before := len(items.texts)
		from := [roles]int{len(r.values[roleTime].ints), before, len(r.values[roleSegment].texts), len(r.values[roleWeight].ints)}
		r.seen = [roles]bool{}
		r.value(r.schema.root, 0)
		if r.err != nil {
			r.cutBack(from)
			return row, r.err
		}
		for role := range r.values {
			if r.used[role] && !r.seen[role] {
				r.missing(role, row)
			}
		}
		if r.schema.lists {
			items.counts = append(items.counts, int32(len(items.texts)-before))
		}
	}
	return rows, nil
}

// cutBack drops the values of a record that was not read to its end.
func (r *avroReader) cutBack(from [roles]int) {
	for role := range r.values {
		v := &r.values[role]
		if role == roleTime || role == roleWeight {
			v.ints = v.ints[:min(len(v.ints), from[role])]
		} else {
			v.texts = v.texts[:min(len(v.texts), from[role])]
		}
		if len(v.faults) > from[role] && role != roleItem {
			v.faults = v.faults[:from[role]]
		}
	}
}

func (r *avroReader) missing(role, row int) {
	if role == roleItem && r.schema.lists {
		r.values[role].fail(row, faultMissing, nil)
		return
	}
	r.conv[role].missing(&r.values[role])
}

var errAvroDeep = fmt.Errorf("values are nested deeper than %d", maxAvroDepth)

// value reads a value that something is wanted of.
func (r *avroReader) value(n *avroNode, depth int) {
	if !n.wanted {
		r.skip(n, depth)
		return
	}
	switch n.kind {
	case avroRecord:
		for _, field := range n.children {
			r.value(field, depth+1)
		}
	case avroUnion:
		if branch := r.branch(n); branch != nil {
			r.value(branch, depth+1)
		}
	case avroArray:
		r.seen[roleItem] = true
		for {
			count, _ := r.count()
			if count == 0 {
				return
			}
			for ; count > 0 && r.err == nil; count-- {
				r.value(n.children[0], depth+1)
			}
		}
	case avroNull:
	default:
		r.leaf(n)
	}
}

// branch reads which branch of a union there is.
func (r *avroReader) branch(n *avroNode) *avroNode {
	i := r.long()
	if r.err == nil && (i < 0 || i >= int64(len(n.children))) {
		r.fail(fmt.Errorf("branch %d of a union of %d", i, len(n.children)))
	}
	if r.err != nil {
		return nil
	}
	return n.children[i]
}

// count reads how many elements of an array or map follow, 0 at its end, and how
// many bytes they take where that is told.
func (r *avroReader) count() (n, size int64) {
	n, size = r.long(), -1
	if n < 0 {
		n, size = -n, r.long()
	}
	if n < 0 || n > int64(r.budget) {
		r.fail(fmt.Errorf("an array of %d", n))
	}
	if r.err != nil {
		return 0, 0
	}
	r.budget -= int(n)
	return n, size
}

// leaf reads a value that has roles.
func (r *avroReader) leaf(n *avroNode) {
	var bytes []byte
	var long int64
	var double float64
	switch n.kind {
	case avroLong:
		long = r.long()
	case avroBoolean:
		if s := r.next(1); s != nil {
			long = int64(s[0])
		}
	case avroFloat:
		if s := r.next(4); s != nil {
			double = float64(math.Float32frombits(binary.LittleEndian.Uint32(s)))
		}
	case avroDouble:
		if s := r.next(8); s != nil {
			double = math.Float64frombits(binary.LittleEndian.Uint64(s))
		}
	case avroBytes:
		bytes = r.bytes()
	case avroFixed:
		bytes = r.next(int64(n.size))
	case avroEnum:
		i := r.long()
		if r.err == nil && (i < 0 || i >= int64(len(n.symbols))) {
			r.fail(fmt.Errorf("symbol %d of an enum of %d", i, len(n.symbols)))
		}
		if r.err == nil {
			bytes = n.symbols[i]
		}
	}
	if r.err != nil {
		return
	}
	for _, role := range n.roles {
		r.seen[role] = true
		c, v := &r.conv[role], &r.values[role]
		if role == roleItem && r.schema.lists {
			r.element(n, bytes, long, double)
			continue
		}
		c.meaning = n.meaning
		put(c, v, r.b, n.kind, bytes, long, double)
	}
}

// element appends an item of a list. Faults are by row, not by element.
func (r *avroReader) element(n *avroNode, bytes []byte, long int64, double float64) {
	items, c := &r.values[roleItem], &r.conv[roleItem]
	one := vector{texts: items.texts}
	c.meaning = n.meaning
	put(c, &one, r.b, n.kind, bytes, long, double)
	items.texts = one.texts
	if f := one.fault(len(one.texts) - 1); f != 0 {
		items.fail(len(items.counts), f, func() string { return one.details[len(one.texts)-1] })
	}
}

// put converts a value.
func put(c *converter, v *vector, b *block.Block, kind avroType, bytes []byte, long int64, double float64) {
	switch kind {
	case avroLong:
		c.int64(v, b, long)
	case avroBoolean:
		c.boolean(v, b, long != 0)
	case avroFloat:
		c.written(v, b, appendFloat(c.room[:0], double, 32))
	case avroDouble:
		c.written(v, b, appendFloat(c.room[:0], double, 64))
	default:
		c.bytes(v, b, bytes)
	}
}

// skip reads a value that nobody wants.
func (r *avroReader) skip(n *avroNode, depth int) {
	if depth > maxAvroDepth {
		r.fail(errAvroDeep)
	}
	if r.err != nil {
		return
	}
	switch n.kind {
	case avroNull:
	case avroBoolean:
		r.next(1)
	case avroLong, avroEnum:
		r.long()
	case avroFloat:
		r.next(4)
	case avroDouble:
		r.next(8)
	case avroBytes:
		r.bytes()
	case avroFixed:
		r.next(int64(n.size))
	case avroUnion:
		if branch := r.branch(n); branch != nil {
			r.skip(branch, depth+1)
		}
	case avroRecord:
		for _, field := range n.children {
			r.skip(field, depth+1)
		}
	case avroArray, avroMap:
		r.skipElements(n, depth)
	}
}

func (r *avroReader) skipElements(n *avroNode, depth int) {
	for {
		count, size := r.count()
		if count == 0 {
			return
		}
		if size >= 0 {
			r.next(size)
			continue
		}
		for ; count > 0 && r.err == nil; count-- {
			if n.kind == avroMap {
				r.bytes()
			}
			r.skip(n.children[0], depth+1)
		}
	}
}
