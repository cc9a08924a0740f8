package kafka

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"crest/seedtest"
	"crest/wire"
)

func randomRestriction(r *rand.Rand) Restriction {
	rest := Restriction{Discover: r.IntN(2) == 0, Known: r.Int32()}
	for range r.IntN(4) {
		p := Part{ID: r.Int32(), Next: r.Int64N(1 << 40), End: endless}
		if r.IntN(2) == 0 {
			p.End = p.Next + r.Int64N(1000)
		}
		for i := range r.IntN(5) {
			p.Producers = append(p.Producers, producer{id: "p" + strconv.Itoa(i), epoch: r.Uint64(), highest: r.Uint64(), window: r.Uint64(), offset: r.Int64()})
		}
		rest.Parts = append(rest.Parts, p)
	}
	return rest
}

func TestRestrictionBytes(t *testing.T) {
	r := seedtest.Rand(t)
	for range 500 {
		want := randomRestriction(r)
		text := encodeRestriction(want)
		got, err := decodeRestriction(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		for n := range text {
			if _, err := decodeRestriction(text[:n]); err == nil {
				t.Fatalf("%d of %d bytes decode", n, len(text))
			}
		}
	}
}

func FuzzRestriction(f *testing.F) {
	r := seedtest.Rand(f)
	for range 20 {
		f.Add(encodeRestriction(randomRestriction(r)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := decodeRestriction(p)
		if err != nil {
			return
		}
		again, err := decodeRestriction(encodeRestriction(r))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

func TestTracker(t *testing.T) {
	seen := producers{{id: "p", highest: 7}}
	tr := newTracker(Restriction{Parts: []Part{{ID: 3, Next: 100, End: 200}}})
	if !tr.IsBounded() || tr.IsDone() {
		t.Error("bounded, and not done")
	}
	if !tr.TryClaim(claim{from: 100, to: 150, producers: seen}) {
		t.Fatal("a claim is refused")
	}
	if done, remaining := tr.GetProgress(); done != 50 || remaining != 50 {
		t.Errorf("progress %v of %v", done, remaining)
	}
	if _, rest, err := tr.TrySplit(0.5); rest != nil || err != nil {
		t.Errorf("a split within a partition: %v, %v", rest, err)
	}
	primary, rest, err := tr.TrySplit(0)
	want := Restriction{Parts: []Part{{ID: 3, Next: 150, End: 200, Producers: seen}}}
	if err != nil || !reflect.DeepEqual(rest, want) || !tr.IsDone() || !newTracker(primary.(Restriction)).IsDone() {
		t.Errorf("residual %+v, primary %+v, %v", rest, primary, err)
	}
	if tr.TryClaim(claim{from: 150, to: 160}) || tr.GetError() != nil {
		t.Error("a claim after a checkpoint")
	}
	again := newTracker(rest.(Restriction))
	if !again.TryClaim(claim{from: 150, to: 200}) || !again.IsDone() {
		t.Error("the residual cannot be read to its end")
	}
	if _, rest, _ := again.TrySplit(0); rest != nil {
		t.Errorf("what is done leaves %v", rest)
	}
}

func TestTrackerRefusesWrongClaims(t *testing.T) {
	for _, c := range []any{claim{from: 99, to: 120}, claim{from: 101, to: 120}, claim{from: 100, to: 201}, claim{from: 100, to: 99}, 17} {
		tr := newTracker(Restriction{Parts: []Part{{Next: 100, End: 200}}})
		if tr.TryClaim(c) || tr.GetError() == nil || tr.IsDone() {
			t.Errorf("%+v: %v", c, tr.GetError())
		}
	}
}

func TestTrackerDiscovers(t *testing.T) {
	tr := newTracker(Restriction{Discover: true, Known: 2})
	if tr.IsBounded() || tr.IsDone() {
		t.Error("there is no end to looking for partitions")
	}
	if !tr.TryClaim(discovered{[]Part{{ID: 2, End: endless}, {ID: 3, Next: 5, End: endless}}}) || !tr.TryClaim(claim{part: 1, from: 5, to: 9}) {
		t.Fatal("a claim is refused")
	}
	_, rest, _ := tr.TrySplit(0)
	want := Restriction{Discover: true, Known: 4, Parts: []Part{{ID: 2, End: endless}, {ID: 3, Next: 9, End: endless}}}
	if !reflect.DeepEqual(rest, want) || !tr.IsDone() {
		t.Errorf("residual %+v", rest)
	}
}

// TestProducers holds verdicts against a set of all that was seen.
func TestProducers(t *testing.T) {
	r := seedtest.Rand(t)
	type batch struct{ epoch, sequence uint64 }
	var ps producers
	seen := make(map[string]map[batch]bool)
	highest := make(map[string]batch)
	for offset := range int64(20_000) {
		id := strconv.Itoa(r.IntN(5))
		h := highest[id]
		b := batch{h.epoch, h.sequence + uint64(r.IntN(3))}
		switch r.IntN(20) {
		case 0:
			b = batch{h.epoch + 1, uint64(r.IntN(10))}
		case 1:
			b = batch{h.epoch - min(h.epoch, 1), h.sequence}
		case 2, 3, 4, 5, 6:
			b.sequence -= min(b.sequence, uint64(r.IntN(100)))
		}
		want := fresh
		switch {
		case seen[id] == nil:
			seen[id] = make(map[batch]bool)
		case b.epoch < h.epoch:
			want = fenced
		case b.epoch == h.epoch && (seen[id][b] || b.sequence+windowSize < h.sequence):
			want = repeated
		}
		if got := ps.see(id, b.epoch, b.sequence, offset); got != want {
			t.Fatalf("batch %+v of %s behind %+v: verdict %d, want %d", b, id, h, got, want)
		}
		if want == fresh {
			seen[id][b] = true
			if len(seen[id]) == 1 || b.epoch > h.epoch || b.sequence > h.sequence {
				highest[id] = b
			}
		}
	}
}

func TestProducersAreBounded(t *testing.T) {
	var ps producers
	for i := range 3 * maxProducers {
		ps.see("p"+strconv.Itoa(i), 1, 1, int64(i))
		ps.see("busy", 1, uint64(i), int64(i))
	}
	if len(ps) != maxProducers || ps.see("busy", 1, 5, 1e6) != repeated || ps.see("p"+strconv.Itoa(3*maxProducers-1), 1, 1, 1e6) != repeated {
		t.Errorf("%d producers are remembered", len(ps))
	}
	if ps.see("p0", 1, 1, 1e6) != fresh {
		t.Error("the most silent producer was not forgotten")
	}
	if !slices.IsSortedFunc(ps, func(a, b producer) int { return strings.Compare(a.id, b.id) }) {
		t.Error("they are not sorted")
	}
	if n := len(encodeRestriction(Restriction{Parts: []Part{{Producers: ps}}})); n > maxProducers*48 {
		t.Errorf("a restriction of %d bytes", n)
	}
	d := wire.NewDecoder(append(ps, ps...).appendBinary(nil), errRestriction)
	if decodeProducers(d); d.Err() == nil {
		t.Error("twice as many decode")
	}
}
