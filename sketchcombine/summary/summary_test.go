package summary

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

func small() *Config {
	return &Config{Seed: 1, Budget: 2, Counters: 2, ItemBytes: 8, Width: 4, Depth: 2}
}

func filled(t *testing.T, cfg *Config, items ...string) *Summary {
	t.Helper()
	s := New(cfg)
	for _, item := range items {
		if err := s.Add([]byte(item), 1); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestErrors checks that what is refused is refused by name and changes nothing.
func TestErrors(t *testing.T) {
	unbound := func() *Summary {
		s, err := Decode(filled(t, small(), "a", "b", "c").AppendBinary(nil))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	otherSeed, otherWidth, exact := small(), small(), &Config{Seed: 1}
	otherSeed.Seed, otherWidth.Width = 2, 6
	full := filled(t, small(), "a", "b", "c")
	if err := full.Add([]byte("a"), math.MaxInt64-full.Total()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		s    *Summary
		do   func(s *Summary) error
		want error
	}{
		{"long item", New(small()), func(s *Summary) error { return s.Add(make([]byte, MaxItem+1), 1) }, ErrItemTooLong},
		{"total over 63 bits", full, func(s *Summary) error { return s.Add([]byte("z"), 1) }, ErrOverflow},
		{"weight of 64 bits", New(small()), func(s *Summary) error { return s.Add([]byte("z"), math.MaxUint64) }, ErrOverflow},
		{"merged total over 63 bits", full, func(s *Summary) error { return s.Merge(filled(t, small(), "a")) }, ErrOverflow},
		{"add unbound", unbound(), func(s *Summary) error { return s.Add([]byte("a"), 1) }, ErrUnbound},
		{"merge into unbound", unbound(), func(s *Summary) error { return s.Merge(New(small())) }, ErrUnbound},
		{"bind to another seed", unbound(), func(s *Summary) error { return s.Bind(otherSeed) }, ErrIncompatible},
		{"bind to another width", unbound(), func(s *Summary) error { return s.Bind(otherWidth) }, ErrIncompatible},
		{"bind to exact", unbound(), func(s *Summary) error { return s.Bind(exact) }, ErrIncompatible},
		{"merge of another seed", filled(t, otherSeed, "a", "b", "c"), func(s *Summary) error { return s.Merge(full) }, ErrIncompatible},
		{"merge into exact", New(exact), func(s *Summary) error { return s.Merge(full) }, ErrIncompatible},
	} {
		before := tt.s.AppendBinary(nil)
		if err := tt.do(tt.s); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if !bytes.Equal(before, tt.s.AppendBinary(nil)) {
			t.Errorf("%s: the summary has changed", tt.name)
		}
	}
}

func TestMergeWithItself(t *testing.T) {
	s := filled(t, small(), "a", "a", "a", "b", "b", "c", "d")
	if err := s.Merge(s); err != nil {
		t.Fatal(err)
	}
	if lower, upper := s.Bounds([]byte("a")); s.Total() != 14 || lower > 6 || upper < 6 {
		t.Errorf("of %d, a counts 6, not %d to %d", s.Total(), lower, upper)
	}
}

// TestExactMergeAcrossSeeds checks that an exact summary, in which no hash is
// left, merges into one of any seed.
func TestExactMergeAcrossSeeds(t *testing.T) {
	s := filled(t, &Config{Seed: 1}, "a", "b")
	if err := s.Merge(filled(t, &Config{Seed: 2}, "b", "c")); err != nil {
		t.Fatal(err)
	}
	for item, want := range map[string]uint64{"a": 1, "b": 2, "c": 1} {
		if lower, upper := s.Bounds([]byte(item)); lower != want || upper != want {
			t.Errorf("%s counts %d, not %d to %d", item, want, lower, upper)
		}
	}
}

// TestLongItems checks that memory stays bounded, and adding fast, whatever the
// items are.
func TestLongItems(t *testing.T) {
	cfg := ForMemory(64 << 10)
	s := New(&cfg)
	item := bytes.Repeat([]byte("x"), MaxItem)
	for i := range 20_000 {
		item[0], item[1], item[2] = byte(i), byte(i>>8), byte(i%7)
		if err := s.Add(item, 1); err != nil {
			t.Fatal(err)
		}
		if most := 64<<10 + cfg.floor()*(MaxItem+headOf(wide, true))*2; s.Size() > most {
			t.Fatalf("%d bytes, %d are the most", s.Size(), most)
		}
	}
	if len(s.Top(cfg.floor()).Rows) != cfg.floor() {
		t.Error("fewer candidates than the floor")
	}
}
