package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"crest/block"
)

// A row is a decoded row as a test writes it.
type row struct {
	Time    int64
	Item    string
	Segment string
	Weight  uint64
}

// rowsOf are the rows of a block, and its rejects as text.
func rowsOf(t testing.TB, b *block.Block) (rows []row, rejects []string) {
	t.Helper()
	if len(b.Items) != len(b.Times) || b.Segments != nil && len(b.Segments) != len(b.Times) || b.Weights != nil && len(b.Weights) != len(b.Times) {
		t.Fatalf("columns of %d times, %d items, %d segments, %d weights", len(b.Times), len(b.Items), len(b.Segments), len(b.Weights))
	}
	for i := range b.Times {
		r := row{Time: b.Times[i], Item: string(b.Text(b.Items[i])), Weight: 1}
		if b.Segments != nil {
			r.Segment = string(b.Text(b.Segments[i]))
		}
		if b.Weights != nil {
			r.Weight = b.Weights[i]
		}
		rows = append(rows, r)
	}
	for _, r := range b.Rejects {
		rejects = append(rejects, fmt.Sprintf("%d: %s", r.Offset, r.Reason))
	}
	return rows, rejects
}

// decode decodes a copy of data.
func decode(d Decoder, data []byte, offset int64) *block.Block {
	b := &block.Block{Data: bytes.Clone(data)}
	d.Decode(b, offset)
	return b
}

// oracle is what a line of NDJSON must become, by way of encoding/json. It has
// no rows and no reason for a blank line.
func oracle(o Options, line []byte) (rows []row, reason block.Reason, blank bool) {
	if len(bytes.Trim(line, " \t\r")) == 0 {
		return nil, "", true
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil || m == nil {
		return nil, block.Malformed, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, block.Malformed, false
	}
	r := row{Weight: 1}
	switch v := oracleField(m, o.Time).(type) {
	case nil:
		return nil, block.MissingTime, false
	case string:
		if r.Time, reason = ParseTime([]byte(v)); reason != "" {
			return nil, reason, false
		}
	case json.Number:
		if r.Time, reason = epoch([]byte(v)); reason != "" {
			return nil, reason, false
		}
	default:
		return nil, block.BadTime, false
	}
	item := oracleField(m, o.Item)
	if item == nil {
		return nil, block.MissingItem, false
	}
	list, ok := item.([]any)
	if !ok {
		list = []any{item}
	}
	var items []string
	for _, v := range list {
		if v == nil {
			continue
		}
		s, ok := scalar(v)
		if !ok {
			return nil, block.BadItem, false
		}
		b := block.Block{Data: []byte(s)}
		if !o.Extract.appendItems(&b, block.Text{Len: uint32(len(s))}) {
			return nil, block.ItemTooLong, false
		}
		for _, t := range b.Items {
			items = append(items, string(b.Text(t)))
		}
	}
	if v := oracleField(m, o.Segment); v != nil {
		if r.Segment, ok = scalar(v); !ok || len(r.Segment) > block.MaxSegment {
			return nil, block.BadSegment, false
		}
	}
	if v := oracleField(m, o.Weight); v != nil {
		s, ok := scalar(v)
		if _, is := v.(bool); is || !ok {
			return nil, block.BadWeight, false
		}
		if r.Weight, ok = oracleWeight(s); !ok {
			return nil, block.BadWeight, false
		}
	}
	for _, r.Item = range items {
		rows = append(rows, r)
	}
	return rows, "", false
}

func oracleField(m map[string]any, name string) any {
	if name == "" {
		return nil
	}
	if v := m[name]; v != nil {
		return v
	}
	var v any = m
	for _, part := range strings.Split(name, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

func oracleWeight(s string) (uint64, bool) {
	if _, after, ok := strings.Cut(strings.ToLower(s), "e"); ok && len(after) > 4 {
		// What big.Rat would need gigabytes for.
		d, ok := parseDecimal([]byte(s))
		return 0, ok && d.mant == 0
	}
	if strings.ContainsAny(s, "_/xXoObBpPiIn ") {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !r.IsInt() || !r.Num().IsUint64() || r.Num().Uint64() > maxWeight {
		return 0, false
	}
	return r.Num().Uint64(), true
}
