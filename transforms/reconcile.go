package transforms

import (
	"fmt"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine"
	"crest/sketchcombine/summary"
	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[askFn]())
	beam.RegisterDoFn(reflect.TypeFor[answerFn]())
	beam.RegisterDoFn(reflect.TypeFor[compareFn]())
	register.Emitter2[sketchcombine.Key, summary.List]()
	register.Emitter2[string, summary.List]()
	register.Iter1[sketchcombine.Summary]()
	register.Iter1[summary.List]()
}

// Answers are one path's answers for one kind of window.
type Answers struct {
	Level Level
	Lists beam.PCollection // of TopK
}

// Reconcile compares the fast lists of one kind of window with the exact ones,
// and returns rows of the table accuracy. Every row of a fast list is held
// against the true count of its item, whether the exact list has it or not: the
// items go to the exact path's shards, and come back with their counts.
func Reconcile(s beam.Scope, l Label, k, exactShards int, seed summary.Seed, fast, exact Answers) beam.PCollection {
	s = s.Scope("transforms.Reconcile")
	asked := beam.ParDo(s, &askFn{Shards: exactShards, Seed: seed}, fast.Lists)
	truths := beam.ParDo(s, &answerFn{}, beam.CoGroupByKey(s, exact.Level.Summaries, asked))
	return rows(s, &compareFn{Label: l, K: k}, beam.CoGroupByKey(s, fast.Lists, exact.Lists, truths))
}

// askFn sends the items of a list to the shards that count them exactly, as
// lists of which only the items matter.
type askFn struct {
	Shards int
	Seed   summary.Seed
}

func (fn *askFn) ProcessElement(segment string, l summary.List, emit func(sketchcombine.Key, summary.List)) {
	asked := make([]summary.List, fn.Shards)
	for _, r := range l.Rows {
		shard := summary.Shard(fn.Seed.Hash([]byte(r.Item)), fn.Shards)
		asked[shard].Rows = append(asked[shard].Rows, summary.Row{Item: r.Item})
	}
	for shard, l := range asked {
		if len(l.Rows) > 0 {
			emit(sketchcombine.Key{Segment: segment, Shard: shard}, l)
		}
	}
}

// answerFn returns the items with their exact counts.
type answerFn struct{}

func (*answerFn) ProcessElement(key sketchcombine.Key, summaries func(*sketchcombine.Summary) bool, asked func(*summary.List) bool, emit func(string, summary.List)) {
	counts := make(map[string]uint64)
	var l summary.List
	for asked(&l) {
		for _, r := range l.Rows {
			counts[r.Item] = 0
		}
	}
	if len(counts) == 0 {
		return
	}
	var s sketchcombine.Summary
	for summaries(&s) {
		s.Each(func(item []byte, count, _ uint64) bool {
			if _, ok := counts[string(item)]; ok {
				counts[string(item)] = count
			}
			return true
		})
	}
	var truth summary.List
	for item, count := range counts {
		truth.Rows = append(truth.Rows, summary.Row{Item: item, Count: count})
	}
	emit(key.Segment, truth)
}

// compareFn compares two lists of one segment in one window.
type compareFn struct {
	Label Label
	K     int
}

func (fn *compareFn) ProcessElement(w beam.Window, segment string, fasts, exacts, truths func(*summary.List) bool, emit func(table.Row)) error {
	at, err := spanOf(w)
	if err != nil {
		return err
	}
	var fast, exact, more summary.List
	if !fasts(&fast) || !exacts(&exact) {
		return nil // a window of one path only has nothing to be compared with
	}
	if fasts(&more) || exacts(&more) {
		return fmt.Errorf("comparing segment %q: a window has two lists of one path", segment)
	}
	counts := make(map[string]uint64, len(fast.Rows))
	for truths(&more) {
		for _, r := range more.Rows {
			counts[r.Item] = r.Count
		}
	}
	row := Compare(fast, exact, counts)
	row.Job, row.Run, row.Segment, row.K = fn.Label.Job, fn.Label.Run, segment, int64(fn.K)
	row.WindowStart, row.WindowEnd, row.WindowSeconds = at.start, at.end, at.seconds
	row.WrittenAt = table.TimeOf(time.Now())
	return emitRow(row, emit)
}

// Compare holds a fast list against the exact one, and each of its rows against
// the true count of its item. Items that tie with the exact list's last one
// count as found: that list had to leave some of them out too.
func Compare(fast, exact summary.List, truth map[string]uint64) table.Accuracy {
	row := table.Accuracy{Compared: int64(len(exact.Rows)), Recall: 1, Precision: 1}
	if exact.Total > 0 {
		row.Coverage = float64(fast.Total) / float64(exact.Total)
	}
	var last uint64 // the count that a place in the exact list takes
	if n := len(exact.Rows); n > 0 {
		last = exact.Rows[n-1].Count
	}
	found, compared := 0, 0
	for _, r := range fast.Rows {
		count := truth[r.Item]
		belongs := count >= last && count > 0
		if belongs {
			found++
		}
		if count < r.Lower || count > r.Upper || r.Certain && !belongs {
			row.Violations++
		}
		if r.Certain {
			row.Certain++
		}
		if count > 0 {
			compared++
			e := (max(float64(r.Count), float64(count)) - min(float64(r.Count), float64(count))) / float64(count)
			row.MeanError += e
			row.MaxError = max(row.MaxError, e)
		}
	}
	if compared > 0 {
		row.MeanError /= float64(compared)
	}
	if len(exact.Rows) > 0 {
		row.Recall = min(1, float64(found)/float64(len(exact.Rows)))
	}
	if len(fast.Rows) > 0 {
		row.Precision = float64(found) / float64(len(fast.Rows))
	}
	return row
}
