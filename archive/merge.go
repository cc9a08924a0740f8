package archive

import (
	"container/heap"
	"errors"
	"slices"

	"crest/block"
)

// An input of a merge is opened when its turn comes.
type input struct {
	path string
	// first is not behind any record of the input.
	first Record
	open  func() (run, error)
	// discard frees what is held for an input that is not opened; nil for nothing.
	discard func() error
}

// A Merger gives the records of several runs in their order, each once.
type Merger struct {
	waiting []input // in the order of first
	open    heads
	current *head // gave the last record; it stands before its next one
	given   bool
	last    Record // the last record, without its time
	faults  Faults
	stats   *Stats
	// keep gives records with one key and several payloads, all of them: a reader is
	// told of them, a writer is not to lose any.
	keep bool
}

// Stats are of reading.
type Stats struct {
	// Bytes is how many stored bytes were read.
	Bytes int64
	// Dropped is how many records were equal to one before.
	Dropped int64
}

// A head is an open run and the record that it is at.
type head struct {
	run
	path   string
	record Record
}

func newMerger(inputs []input, stats *Stats, faults Faults) *Merger {
	inputs = slices.Clone(inputs)
	slices.SortStableFunc(inputs, func(a, b input) int { return a.first.Compare(&b.first) })
	return &Merger{waiting: inputs, stats: stats, faults: faults}
}

// Next returns the next record, which is good until the next call; false is the
// end. An error is the storage's.
func (m *Merger) Next() (r *Record, ok bool, err error) {
	for {
		if err := m.advance(); err != nil || len(m.open) == 0 {
			return nil, false, err
		}
		m.current = m.open[0]
		r := &m.current.record
		if m.given {
			switch c := r.Compare(&m.last); {
			case r.repeats(&m.last):
				m.stats.Dropped++
				continue
			case c == 0 && !m.keep:
				m.faults.tell(m.current.path, max(r.Offset, 0), block.Malformed, "another record of its source has its offset or id: archive a topic that is made anew under another prefix", r.Payload)
				continue
			case c < 0:
				m.faults.tell(m.current.path, max(r.Offset, 0), block.Malformed, "the record is not in the order of its file", r.Payload)
				continue
			}
		}
		m.given = true
		m.last = Record{Source: r.Source, Offset: r.Offset, ID: append(m.last.ID[:0], r.ID...), Text: r.Text, Payload: append(m.last.Payload[:0], r.Payload...)}
		return r, true, nil
	}
}

// advance has the least record that is left at the top of the open heads.
func (m *Merger) advance() error {
	if h := m.current; h != nil {
		m.current = nil
		ok, err := h.next(&h.record)
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&m.open, 0)
		} else {
			heap.Pop(&m.open)
			if err := h.close(); err != nil {
				return err
			}
		}
	}
	for len(m.waiting) > 0 && (len(m.open) == 0 || !before(&m.open[0].record, &m.waiting[0].first)) {
		in := m.waiting[0]
		m.waiting = m.waiting[1:]
		r, err := in.open()
		if err != nil {
			return err
		}
		h := &head{run: r, path: in.path}
		ok, err := h.next(&h.record)
		if err == nil && ok {
			heap.Push(&m.open, h)
			continue
		}
		if err := errors.Join(err, h.close()); err != nil {
			return err
		}
	}
	return nil
}

// before tells whether r comes before all records of an input. A name of a file
// tells the place in a source, not the source itself.
func before(r, first *Record) bool {
	f := *first
	f.Source = r.Source
	return r.Compare(&f) < 0
}

// Close frees what is open.
func (m *Merger) Close() error {
	var errs []error
	for _, h := range m.open {
		errs = append(errs, h.close())
	}
	for _, in := range m.waiting {
		if in.discard != nil {
			errs = append(errs, in.discard())
		}
	}
	m.open, m.waiting, m.current = nil, nil, nil
	return errors.Join(errs...)
}

// heads is a heap: the least record is first.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].record.Compare(&h[j].record) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
