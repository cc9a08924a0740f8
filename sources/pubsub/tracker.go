package pubsub

import (
	"fmt"
	"time"
)

// A tracker gathers what a bundle counts. Work is claimed as one of:
//   - claim: messages that are counted from here on;
//   - finish: the bundle ends. Only behind it there is a residual, which is
//     therefore never resumed while its bundle may still fail;
//   - drained: nothing is left to do, ever.
type tracker struct {
	rest     restriction
	ids      []messageID
	residual *restriction // what comes behind the bundle, once it ends
	done     bool
}

type claim []messageID

type finish struct {
	bundle uint64 // the id of the bundle that ends
	at     time.Time
	forget map[uint64]bool // the bundles whose messages need not be remembered
}

type drained struct{}

func newTracker(r restriction) *tracker { return &tracker{rest: r} }

// TryClaim implements sdf.RTracker.
func (t *tracker) TryClaim(pos any) bool {
	if t.done || t.residual != nil {
		return false
	}
	switch p := pos.(type) {
	case claim:
		t.ids = append(t.ids, p...)
	case finish:
		r := t.after(p)
		t.residual = &r
	case drained:
		t.done = true
	default:
		panic(fmt.Sprintf("pubsub: a claim of %T", pos))
	}
	return true
}

// after is the restriction behind the bundle.
func (t *tracker) after(f finish) restriction {
	next := t.rest
	next.Bundles = make([]bundle, 0, len(t.rest.Bundles)+1)
	for _, b := range t.rest.Bundles {
		if !f.forget[b.ID] {
			next.Bundles = append(next.Bundles, b)
		}
	}
	if len(t.ids) > 0 {
		next.Tip = f.bundle
		next.Number += uint64(len(t.ids))
		next.Bundles = append(next.Bundles, bundle{
			ID: f.bundle, At: f.at.Truncate(time.Millisecond), Count: len(t.ids), IDs: appendIDs(nil, t.ids),
		})
	}
	return next
}

// TrySplit implements sdf.RTracker. All of what is left is one residual: the
// messages that a subscription has are nobody's in particular.
func (t *tracker) TrySplit(fraction float64) (primary, residual any, err error) {
	if t.done || t.residual == nil || fraction > 0 {
		return t.rest, nil, nil
	}
	t.done = true
	residual, t.rest = *t.residual, restriction{}
	return t.rest, residual, nil
}

// GetError implements sdf.RTracker.
func (t *tracker) GetError() error { return nil }

// GetProgress implements sdf.RTracker: there is always as much to come.
func (t *tracker) GetProgress() (done, remaining float64) {
	if t.done {
		return 1, 0
	}
	return 0, 1
}

// IsDone implements sdf.RTracker.
func (t *tracker) IsDone() bool { return t.done }

// IsBounded implements sdf.BoundableRTracker: only a drained subscription ends.
func (t *tracker) IsBounded() bool { return t.rest.Draining }

// GetRestriction implements sdf.RTracker.
func (t *tracker) GetRestriction() any { return t.rest }
