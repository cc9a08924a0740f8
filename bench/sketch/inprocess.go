package main

import (
	"runtime"
	"slices"
	"time"
)

// inProcess is a contender in Go.
type inProcess struct {
	title string
	parts int
	new   func(budget int) summary
}

// A summary is what a contender in Go has to offer.
type summary interface {
	add(item []byte) error
	// merge adds what the other one, of the same kind, has counted.
	merge(other summary) error
	// rows are all items retained; no other item's count exceeds absent.
	rows() (rows []row, absent uint64)
	// size is the memory held, in bytes: keys, tables, and room to grow.
	size() int
}

func (c inProcess) name() string { return c.title }

func (c inProcess) run(st *stream, budget int) (one, merged *result, err error) {
	if one, err = c.measure(st, budget, 1); err != nil {
		return nil, nil, err
	}
	merged, err = c.measure(st, budget, c.parts)
	return one, merged, err
}

// Times are the medians of at least so many rounds, and of as many more as fit in
// roundTime: some streams are short.
const (
	rounds    = 3
	roundTime = time.Second
)

func (c inProcess) measure(st *stream, budget, parts int) (*result, error) {
	// One core, as the others have: the collector's work counts.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var add, merge []float64
	var last summary
	for begin := time.Now(); len(add) < rounds || time.Since(begin) < roundTime; {
		runtime.GC()
		start := time.Now()
		summaries := make([]summary, parts)
		for part := range parts {
			s := c.new(budget)
			for _, item := range st.items[len(st.items)*part/parts : len(st.items)*(part+1)/parts] {
				if err := s.add(item); err != nil {
					return nil, err
				}
			}
			summaries[part] = s
		}
		added := time.Now()
		whole := c.new(budget)
		for _, s := range summaries {
			if err := whole.merge(s); err != nil {
				return nil, err
			}
		}
		add = append(add, added.Sub(start).Seconds())
		merge = append(merge, time.Since(added).Seconds())
		if last = whole; parts == 1 {
			last = summaries[0]
		}
	}
	slices.Sort(add)
	slices.Sort(merge)
	r := &result{Parts: parts, Bytes: last.size(), AddSeconds: add[len(add)/2], MergeSeconds: merge[len(merge)/2], Bounds: true}
	r.Rows, r.Absent = last.rows()
	return r, nil
}
