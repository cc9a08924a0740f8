package watermark

import (
	"testing"
	"time"
)

// TestWatermark walks a source of two partitions through what happens to them.
func TestWatermark(t *testing.T) {
	now := time.UnixMilli(10_000_000)
	s := newSource(Config{Disorder: time.Second, IdleAfter: time.Minute, Forget: 10 * time.Minute}, func() time.Time { return now })
	want := func(what string, w int64) {
		t.Helper()
		if got := s.Watermark(); got != w || s.Published() != w {
			t.Fatalf("%s: %d (published %d), want %d", what, got, s.Published(), w)
		}
	}
	s.Register("a", 0)
	s.Register("b", 0)
	s.Observe("a", 9_000_000, false)
	want("b has not been read", 0)
	s.Observe("b", 5_400_000, false)
	want("an hour behind", 5_399_000)
	s.Observe("b", 5_300_000, false)
	want("never falls", 5_399_000)
	now = now.Add(2 * time.Minute)
	s.Observe("b", 0, false)
	want("nothing came, but b has not ended", 5_399_000)
	s.Observe("b", 0, true)
	want("b is idle", 8_999_000)
	s.Observe("b", 6_000_000, true)
	want("b is late", 8_999_000)
	s.Observe("b", 9_100_000, true)
	s.Observe("a", 9_300_000, true)
	want("b is back", 9_099_000)
	now = now.Add(2 * time.Minute)
	s.Observe("a", 0, true)
	s.Observe("b", 0, true)
	want("all are idle", 9_299_000)
	s.Observe("a", now.UnixMilli()+1_000_000, true)
	want("the future counts as now", now.UnixMilli()-1000)
	s.Register("c", now.UnixMilli()-500)
	want("a restored partition", now.UnixMilli()-500)
	now = now.Add(11 * time.Minute)
	s.Observe("a", now.UnixMilli(), false)
	want("b and c are not read here any more", now.UnixMilli()-1000)
	s.Done("a")
	want("nothing is left", now.UnixMilli()-1000)
}

// TestStep reads an hour at once, of which the watermark moves through ten
// minutes with a bundle of two partitions.
func TestStep(t *testing.T) {
	s := newSource(Config{Step: 10 * time.Minute}, time.Now)
	s.Register("a", 0)
	s.Register("b", 0)
	if w := s.Watermark(); w != 0 {
		t.Fatalf("watermark %d before anything was read", w)
	}
	const hour = 3_600_000
	s.Began(9 * hour)
	s.Began(8 * hour)
	s.Observe("a", 9*hour, true)
	s.Observe("b", 9*hour, true)
	if !s.Ahead("a") || s.Ahead("c") {
		t.Errorf("a is ahead: %v; c: %v", s.Ahead("a"), s.Ahead("c"))
	}
	last := int64(8 * hour)
	for round := 1; last < 9*hour; round++ {
		for range 3 { // a asks several times, b is being committed
			s.Begin("a")
			last = s.Watermark()
		}
		if most := int64(8*hour + round*600_000); last > most {
			t.Fatalf("round %d: %d, over %d", round, last, most)
		}
		if round > 7 {
			t.Fatalf("round %d: only %d", round, last)
		}
		s.Begin("b")
	}
	if s.Ahead("a") {
		t.Error("a is ahead of a watermark that has come to it")
	}
}

func TestRestored(t *testing.T) {
	s := Of("TestRestored", Config{})
	if Of("TestRestored", Config{}) != s {
		t.Fatal("two sources of one id")
	}
	s.Register("a", 100)
	e := s.Estimator(300)
	if got := e.CurrentWatermark().UnixMilli(); got != 300 || e.State() != 300 {
		t.Errorf("watermark %d, state %d", got, e.State())
	}
	s.Observe("a", 200, false)
	if got := e.State(); got != 300 {
		t.Errorf("state %d", got)
	}
}
