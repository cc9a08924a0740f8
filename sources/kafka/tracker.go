package kafka

import (
	"fmt"
	"slices"
)

// A claim takes the offsets [from, to) of a part, by its index, and says who has
// produced batches then.
type claim struct {
	part      int
	from, to  int64
	producers producers
}

// discovered takes partitions that have appeared.
type discovered struct{ parts []Part }

// tracker tracks a Restriction. A partition is never split: what is read of it
// depends on the batches before.
type tracker struct {
	rest    Restriction
	start   int64 // the sum of Next when it began
	stopped bool  // by a checkpoint: what is left is in the residual
	err     error
}

func newTracker(r Restriction) *tracker {
	t := &tracker{rest: r}
	// Claims change the parts; the restriction that was handed in stays.
	t.rest.Parts = slices.Clone(r.Parts)
	for i := range r.Parts {
		t.start += r.Parts[i].Next
	}
	return t
}

// TryClaim takes a claim or discovered.
func (t *tracker) TryClaim(pos any) bool {
	if t.stopped || t.err != nil {
		return false
	}
	switch c := pos.(type) {
	case claim:
		p := &t.rest.Parts[c.part]
		if c.from != p.Next || c.to < c.from || c.to > p.End {
			t.err = fmt.Errorf("claiming offsets [%d, %d) of partition %d, of which [%d, %d) is left", c.from, c.to, p.ID, p.Next, p.End)
			return false
		}
		p.Next, p.Producers = c.to, c.producers
	case discovered:
		t.rest.Parts = append(slices.Clip(t.rest.Parts), c.parts...)
		t.rest.Known += int32(len(c.parts))
		for i := range c.parts {
			t.start += c.parts[i].Next
		}
	default:
		t.err = fmt.Errorf("claiming a %T", pos)
		return false
	}
	return true
}

// GetError returns the claim that was wrong.
func (t *tracker) GetError() error { return t.err }

// TrySplit only checkpoints: with any other fraction there is no residual.
func (t *tracker) TrySplit(fraction float64) (primary, residual any, err error) {
	if fraction > 0 || t.stopped || t.rest.done() {
		return t.GetRestriction(), nil, nil
	}
	rest := t.GetRestriction()
	t.stopped = true
	t.rest = t.rest.none()
	return t.GetRestriction(), rest, nil
}

// GetProgress counts offsets. What is left of an endless partition is not known
// here, so it is one.
func (t *tracker) GetProgress() (done, remaining float64) {
	next := int64(0)
	for _, p := range t.rest.Parts {
		next += p.Next
		if p.End == endless {
			remaining++
		} else {
			remaining += float64(p.End - p.Next)
		}
	}
	return float64(next - t.start), remaining
}

// IsDone says whether nothing is left.
func (t *tracker) IsDone() bool { return t.rest.done() }

// IsBounded says whether there is an end.
func (t *tracker) IsBounded() bool { return t.rest.bounded() }

// GetRestriction returns what is left.
func (t *tracker) GetRestriction() any {
	r := t.rest
	r.Parts = slices.Clone(r.Parts)
	return r
}
