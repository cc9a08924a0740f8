package table

import (
	"strconv"
	"unicode/utf8"
)

// Records are the values of a repeated record column, still encoded. They
// have been checked: reading them cannot fail.
type Records struct {
	column *Column
	n      int
	data   []byte
}

// records checks the records at the front of d and takes them off.
func (d *decoder) records(c *Column) (Records, error) {
	n, err := d.repeats(c)
	if err != nil {
		return Records{}, err
	}
	start := d.b
	for range n {
		for i := range c.Columns {
			if err := d.skip(&c.Columns[i]); err != nil {
				return Records{}, err
			}
		}
	}
	return Records{c, n, start[:len(start)-len(d.b)]}, nil
}

// skip is value without making one.
func (d *decoder) skip(c *Column) error {
	if c.Type != String {
		_, err := d.value(c)
		return err
	}
	b, err := d.bytes()
	if err == nil && !utf8.Valid(b) {
		err = errText
	}
	return err
}

// Len is the number of records.
func (r Records) Len() int { return r.n }

// Column is the column that they are in; its Columns are the records' fields.
func (r Records) Column() *Column { return r.column }

// Each calls f with the fields of each record, as Row.Values gives them. The
// slice is used again for the next record.
func (r Records) Each(f func(i int, fields []any)) {
	d := decoder{r.data}
	var fields []any
	for i := range r.n {
		fields = fields[:0]
		for j := range r.column.Columns {
			v, _ := d.value(&r.column.Columns[j])
			fields = append(fields, v)
		}
		f(i, fields)
	}
}

// AppendJSON appends the records as a JSON array of objects.
func (r Records) AppendJSON(dst []byte) []byte {
	d := decoder{r.data}
	dst = append(dst, '[')
	for i := range r.n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		for j := range r.column.Columns {
			c := &r.column.Columns[j]
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, '"'), c.Name...), '"', ':')
			dst = d.appendJSON(dst, c)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (d *decoder) appendJSON(dst []byte, c *Column) []byte {
	switch {
	case c.Type == String && c.Mode == Required:
		b, _ := d.bytes()
		return appendJSONString(dst, b)
	case c.Type == Int && c.Mode == Required:
		if c.unsigned {
			n, _ := d.count()
			return strconv.AppendInt(dst, n, 10)
		}
		n, _ := d.varint()
		return strconv.AppendInt(dst, n, 10)
	}
	switch v, _ := d.value(c); v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return appendJSONString(dst, []byte(v))
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case bool:
		return strconv.AppendBool(dst, v)
	case Time:
		return append(v.AppendText(append(dst, '"')), '"')
	case Records:
		return v.AppendJSON(dst)
	default:
		panic("table: " + c.Name + " has no JSON form")
	}
}

// appendJSONString appends valid UTF-8 as a JSON string. Nothing is escaped
// that need not be.
func appendJSONString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, b := range s {
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if b < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		} else {
			dst = append(dst, '\\', b)
		}
	}
	return append(append(dst, s[from:]...), '"')
}
