package sketchcombine

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"

	"crest/sketchcombine/summary"
)

// A local runner shares its process with the workers, and still takes every
// element through its shuffle as bytes: Beam's prism copies each some twenty
// times. References spare it that. While they are held, a summary of some size is
// encoded as a number under which this process finds it, as Flink's object reuse
// passes objects between the operators of one process. In any other process the
// number is an error.
//
// The bytes of a reference are
//
//	'R', 16 bytes of the process, number u
//
// and those of a summary begin with another byte.
const referenceMark = 'R'

var held = references{process: rand.Text()[:16], from: 1 << 10}

// references are the summaries that are passed by reference.
type references struct {
	process string // no other one has
	// from is the size from which a summary is passed by reference, in bytes:
	// fewer are copied as fast as they are looked up.
	from int

	mu        sync.RWMutex
	holders   int
	first     uint64 // the number of summaries[0]
	summaries []*summary.Summary
}

// HoldReferences passes summaries by reference until release is called. It is for
// a job whose runner and workers are all this process, and which ends: what is
// passed is kept until then.
func HoldReferences() (release func()) {
	held.mu.Lock()
	defer held.mu.Unlock()
	held.holders++
	return sync.OnceFunc(func() {
		held.mu.Lock()
		defer held.mu.Unlock()
		if held.holders--; held.holders == 0 {
			held.first += uint64(len(held.summaries))
			held.summaries = nil
		}
	})
}

// reference returns the bytes of a reference to s, or nil where s is to travel
// itself.
func (r *references) reference(s *summary.Summary) []byte {
	if s.EncodedSize() < r.from {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holders == 0 {
		return nil
	}
	number := r.first + uint64(len(r.summaries))
	r.summaries = append(r.summaries, s)
	return binary.AppendUvarint(append([]byte{referenceMark}, r.process...), number)
}

var errReference = errors.New("decoding a summary: it was passed by reference, and this process does not hold it: " +
	"the runner has workers of its own")

// find returns the summary that b refers to, nil where b is no reference.
func (r *references) find(b []byte) (*summary.Summary, error) {
	if len(b) == 0 || b[0] != referenceMark {
		return nil, nil
	}
	of, ok := bytes.CutPrefix(b[1:], []byte(r.process))
	number, n := binary.Uvarint(of)
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !ok || n != len(of) || n <= 0 || number < r.first || number-r.first >= uint64(len(r.summaries)) {
		return nil, errReference
	}
	return r.summaries[number-r.first], nil
}
