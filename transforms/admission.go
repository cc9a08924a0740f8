package transforms

import "sync"

// An admission bounds the segments of a live source, where nobody can know
// beforehand which will be the heaviest: the first that come (of one block, in
// any order) have lists of their own, for as long as the process runs, and the
// others are counted in OverflowSegment. So a segment is complete or not there at
// all; only a process that starts again, or another one beside it, may choose
// differently.
type admission struct {
	mu       sync.Mutex
	admitted map[string]bool
}

// admissions are those of this process, by run: all bundles of a run share one.
var admissions sync.Map

func admissionOf(run string) *admission {
	a, _ := admissions.LoadOrStore(run, &admission{admitted: make(map[string]bool)})
	return a.(*admission)
}

// admit returns the segment that counts for one of the given name, where there
// may be max.
func (a *admission) admit(segment string, max int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.admitted[segment] {
		if len(a.admitted) >= max {
			return OverflowSegment
		}
		a.admitted[segment] = true
	}
	return segment
}
