package pubsub

import (
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"crest/seedtest"
)

func TestParseID(t *testing.T) {
	all := []string{"", "0", "00", "7", "07", "+7", "7 ", "10838412345678901", "18446744073709551615", "18446744073709551616", "m3"}
	seen := make(map[messageID]string)
	for _, s := range all {
		id := parseID(s)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are one id", s, other)
		}
		seen[id] = s
		if back := id.text; id.number > 0 && strconv.FormatUint(id.number, 10) != s || id.number == 0 && back != s {
			t.Errorf("%q became %+v", s, id)
		}
	}
}

func TestIDs(t *testing.T) {
	r := seedtest.Rand(t)
	for range 200 {
		set := make(map[messageID]bool)
		base := r.Uint64() >> r.IntN(64)
		for range r.IntN(50) {
			switch s := strconv.FormatUint(base+r.Uint64N(1<<r.IntN(40)), 10); r.IntN(4) {
			case 0:
				set[parseID("x"+s)] = true
			default:
				set[parseID(s)] = true
			}
		}
		var ids []messageID
		for id := range set {
			ids = append(ids, id)
		}
		b := appendIDs(nil, ids)
		got, err := decodeIDs(b)
		if err != nil || !slices.Equal(got, ids) { // which are sorted now
			t.Fatalf("%v became %v: %v", ids, got, err)
		}
		for i := range b {
			if got, err := decodeIDs(b[:i]); err == nil {
				t.Fatalf("%d of %d bytes are %v", i, len(b), got)
			}
		}
	}
}

func TestRestrictionCoder(t *testing.T) {
	now := time.UnixMilli(time.Now().UnixMilli())
	for _, r := range []restriction{
		{},
		{Tip: 1<<64 - 1, Number: 1 << 60, Draining: true},
		{Tip: 3, Bundles: []bundle{
			{ID: 1 << 63, At: now, Count: 2, IDs: appendIDs(nil, []messageID{parseID("8"), parseID("x")})},
			{ID: 3, At: now.Add(-time.Second), Count: 1, IDs: appendIDs(nil, []messageID{parseID("9")})},
		}},
	} {
		b := encodeRestriction(r)
		got, err := decodeRestriction(b)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v became %+v: %v", r, got, err)
		}
		for i := range b {
			if _, err := decodeRestriction(b[:i]); err == nil {
				t.Errorf("%d of %d bytes are read", i, len(b))
			}
		}
		if _, err := decodeRestriction(append(b, 0)); err == nil {
			t.Error("a byte too many is read")
		}
	}
}

func FuzzDecodeRestriction(f *testing.F) {
	f.Add(encodeRestriction(restriction{Tip: 3, Bundles: []bundle{{ID: 3, At: time.UnixMilli(5), Count: 1, IDs: appendIDs(nil, []messageID{{number: 9}})}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRestriction(b)
		if err != nil {
			return
		}
		again, err := decodeRestriction(encodeRestriction(r))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%+v became %+v: %v", r, again, err)
		}
		for _, u := range r.Bundles {
			if ids, err := decodeIDs(u.IDs); err == nil && len(ids) > len(u.IDs) {
				t.Errorf("%d ids of %d bytes", len(ids), len(u.IDs))
			}
		}
	})
}
