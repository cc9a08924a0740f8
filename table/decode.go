package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"unicode/utf8"
)

var (
	errShort    = errors.New("the bytes end early")
	errVarint   = errors.New("not a number")
	errTrailing = errors.New("bytes after the last column")
	errText     = errors.New("not UTF-8")
)

// header returns the schema of r, and a decoder that stands at the first
// column with the number of columns that follow.
func (r Row) header() (*Schema, decoder, int, error) {
	if !r.Table.Valid() {
		return nil, decoder{}, 0, fmt.Errorf("decoding a row: no table %d", uint8(r.Table))
	}
	s := r.Table.Schema()
	d := decoder{b: r.Data}
	n, err := d.uvarint()
	if err == nil && n > uint64(len(s.Columns)) {
		err = fmt.Errorf("%d columns, this version knows %d", n, len(s.Columns))
	}
	for i := int(n); err == nil && i < len(s.Columns); i++ {
		if s.Columns[i].Mode == Required {
			err = fmt.Errorf("column %s is missing", s.Columns[i].Name)
		}
	}
	if err != nil {
		return nil, d, 0, fmt.Errorf("decoding a row of %s: %w", s.Name, err)
	}
	return s, d, int(n), nil
}

func decode(r Row, row any) error {
	v := reflect.ValueOf(row).Elem()
	s, d, n, err := r.header()
	if err != nil {
		return err
	}
	if want := byType[v.Type()]; s != want {
		return fmt.Errorf("decoding a row of %s: it is one of %s", want.Name, s.Name)
	}
	err = d.set(s.Columns[:n], v)
	if err == nil && len(d.b) > 0 {
		err = errTrailing
	}
	if err != nil {
		v.SetZero()
		return fmt.Errorf("decoding a row of %s: %w", s.Name, err)
	}
	return nil
}

// Values appends the row's columns to dst in the schema's order: string,
// int64, float64, bool, Time, []byte, Records, or nil for NULL. Bytes and
// records share memory with the row. It is as strict as Decode.
func (r Row) Values(dst []any) ([]any, error) {
	s, d, n, err := r.header()
	if err != nil {
		return dst, err
	}
	for i := range s.Columns[:n] {
		c := &s.Columns[i]
		v, err := d.value(c)
		if err != nil {
			return dst, fmt.Errorf("decoding a row of %s: column %s: %w", s.Name, c.Name, err)
		}
		dst = append(dst, v)
	}
	if len(d.b) > 0 {
		return dst, fmt.Errorf("decoding a row of %s: %w", s.Name, errTrailing)
	}
	for range s.Columns[n:] {
		dst = append(dst, nil)
	}
	return dst, nil
}

// decoder takes values off the front of b.
type decoder struct{ b []byte }

func (d *decoder) uvarint() (uint64, error) {
	u, n := binary.Uvarint(d.b)
	if n <= 0 || n > 1 && d.b[n-1] == 0 { // the second: longer than needed
		return 0, errVarint
	}
	d.b = d.b[n:]
	return u, nil
}

func (d *decoder) varint() (int64, error) {
	u, err := d.uvarint()
	return int64(u>>1) ^ -int64(u&1), err
}

func (d *decoder) count() (int64, error) {
	u, err := d.uvarint()
	if err == nil && u > math.MaxInt64 {
		err = fmt.Errorf("%d is over 2^63-1", u)
	}
	return int64(u), err
}

func (d *decoder) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.b)) {
		return nil, errShort
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b, nil
}

func (d *decoder) bytes() ([]byte, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

func (d *decoder) text() (string, error) {
	b, err := d.bytes()
	if err == nil && !utf8.Valid(b) {
		err = errText
	}
	return string(b), err
}

func (d *decoder) float() (float64, error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if !finite(f) {
		return 0, fmt.Errorf("%v is not finite", f)
	}
	return f, nil
}

func (d *decoder) bool() (bool, error) {
	b, err := d.take(1)
	if err != nil {
		return false, err
	}
	if b[0] > 1 {
		return false, fmt.Errorf("%d is not a bool", b[0])
	}
	return b[0] == 1, nil
}

func (d *decoder) time() (Time, error) {
	ms, err := d.varint()
	if err == nil && (Time(ms) < MinTime || Time(ms) > MaxTime) {
		err = fmt.Errorf("%d ms is not in the years 1 to 9999", ms)
	}
	return Time(ms), err
}

// repeats reads the number of a column's records. A record takes a byte a
// column at least, which bounds what may be allocated for them.
func (d *decoder) repeats(c *Column) (int, error) {
	n, err := d.uvarint()
	if err == nil && n > uint64(len(d.b)/len(c.Columns)) {
		err = errShort
	}
	return int(n), err
}

// set reads cols into the first fields of the struct v.
func (d *decoder) set(cols []Column, v reflect.Value) error {
	for i := range cols {
		if err := d.setColumn(&cols[i], v.Field(i)); err != nil {
			return fmt.Errorf("column %s: %w", cols[i].Name, err)
		}
	}
	return nil
}

func (d *decoder) setColumn(c *Column, v reflect.Value) error {
	switch c.Type {
	case String:
		s, err := d.text()
		v.SetString(s)
		return err
	case Int:
		if c.unsigned {
			n, err := d.count()
			v.SetUint(uint64(n))
			return err
		}
		n, err := d.varint()
		v.SetInt(n)
		return err
	case Float:
		f, err := d.float()
		v.SetFloat(f)
		return err
	case Bool:
		b, err := d.bool()
		v.SetBool(b)
		return err
	case Timestamp:
		t, err := d.time()
		v.SetInt(int64(t))
		return err
	case Bytes:
		b, err := d.bytes()
		if len(b) > 0 {
			v.SetBytes(append([]byte(nil), b...))
		}
		return err
	default:
		n, err := d.repeats(c)
		if err != nil || n == 0 {
			return err
		}
		list := reflect.MakeSlice(v.Type(), n, n)
		for i := range n {
			if err := d.set(c.Columns, list.Index(i)); err != nil {
				return fmt.Errorf("at %d: %w", i, err)
			}
		}
		v.Set(list)
		return nil
	}
}

// value reads one column as Values gives it.
func (d *decoder) value(c *Column) (any, error) {
	switch c.Type {
	case String:
		s, err := d.text()
		if c.Mode == Nullable && s == "" {
			return nil, err
		}
		return s, err
	case Int:
		read := d.varint
		if c.unsigned {
			read = d.count
		}
		n, err := read()
		if c.Mode == Nullable && n == 0 {
			return nil, err
		}
		return n, err
	case Float:
		f, err := d.float()
		if c.Mode == Nullable && f == 0 {
			return nil, err
		}
		return f, err
	case Bool:
		b, err := d.bool()
		if c.Mode == Nullable && !b {
			return nil, err
		}
		return b, err
	case Timestamp:
		t, err := d.time()
		if c.Mode == Nullable && t == 0 {
			return nil, err
		}
		return t, err
	case Bytes:
		b, err := d.bytes()
		if c.Mode == Nullable && len(b) == 0 {
			return nil, err
		}
		return b, err
	default:
		return d.records(c)
	}
}
