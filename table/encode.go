package table

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// byType finds a row type's schema.
var byType = func() map[reflect.Type]*Schema {
	m := make(map[reflect.Type]*Schema, len(schemas))
	for _, s := range schemas {
		m[s.goType] = s
	}
	return m
}()

func encode(row any) (Row, error) {
	v := reflect.ValueOf(row).Elem()
	s := byType[v.Type()]
	e := encoder{b: make([]byte, 0, 256)}
	e.b = binary.AppendUvarint(e.b, uint64(len(s.Columns)))
	if err := e.columns(s.Columns, v); err != nil {
		return Row{}, fmt.Errorf("encoding a row of %s: %w", s.Name, err)
	}
	return Row{Table: s.ID, Data: e.b}, nil
}

type encoder struct{ b []byte }

func (e *encoder) columns(cols []Column, v reflect.Value) error {
	for i := range cols {
		if err := e.column(&cols[i], v.Field(i)); err != nil {
			return fmt.Errorf("column %s: %w", cols[i].Name, err)
		}
	}
	return nil
}

func (e *encoder) column(c *Column, v reflect.Value) error {
	switch c.Type {
	case String:
		s := v.String()
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
		e.b = binary.AppendUvarint(e.b, uint64(len(s)))
		e.b = append(e.b, s...)
	case Int:
		if !c.unsigned {
			e.b = binary.AppendVarint(e.b, v.Int())
			break
		}
		n := v.Uint()
		if n > math.MaxInt64 {
			return fmt.Errorf("%d is over 2^63-1", n)
		}
		e.b = binary.AppendUvarint(e.b, n)
	case Float:
		f := v.Float()
		if !finite(f) {
			return fmt.Errorf("%v is not finite", f)
		}
		e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(f))
	case Bool:
		if v.Bool() {
			e.b = append(e.b, 1)
		} else {
			e.b = append(e.b, 0)
		}
	case Timestamp:
		t := Time(v.Int())
		if t < MinTime || t > MaxTime {
			return fmt.Errorf("%d ms is not in the years 1 to 9999", int64(t))
		}
		e.b = binary.AppendVarint(e.b, int64(t))
	case Bytes:
		e.b = binary.AppendUvarint(e.b, uint64(v.Len()))
		e.b = append(e.b, v.Bytes()...)
	case Record:
		n := v.Len()
		e.b = binary.AppendUvarint(e.b, uint64(n))
		for i := range n {
			if err := e.columns(c.Columns, v.Index(i)); err != nil {
				return fmt.Errorf("at %d: %w", i, err)
			}
		}
	}
	return nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
