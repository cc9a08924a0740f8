package transforms

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	"crest/table"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Ledger]())
	register.Function1x2(encodeLedger)
	register.Function1x2(decodeLedger)
	beam.RegisterCoder(reflect.TypeFor[Ledger](), encodeLedger, decodeLedger)
	beam.RegisterDoFn(reflect.TypeFor[auditFn]())
	register.Emitter1[Ledger]()
	register.Combiner1[Ledger](&addLedgersFn{})
}

// A Ledger accounts for records: every record read is counted or rejected.
type Ledger struct {
	Read, Rejected int64
	// Reasons are why, the most frequent first.
	Reasons []Refusal
}

// A Refusal is one reason for which records were rejected.
type Refusal struct {
	Reason  block.Reason
	Count   int64
	Example string // the detail of the first one
}

// Counted is how many of the records read were counted.
func (l Ledger) Counted() int64 { return l.Read - l.Rejected }

// Audit accounts for the records of blocks. It returns a PCollection<Ledger> of
// one element that accounts for all, and rows of the table rejects.
func Audit(s beam.Scope, l Label, blocks beam.PCollection) (ledger, rejects beam.PCollection) {
	s = s.Scope("transforms.Audit")
	parts, rejects := beam.ParDo2(s, &auditFn{Label: l}, blocks)
	return beam.Combine(s, &addLedgersFn{}, parts), rejects
}

// auditFn adds up a bundle's records. What is kept of each reject is bounded: of
// a bundle's rejects of one reason, the first maxRejectRows have rows of their
// own and one row stands for the rest.
type auditFn struct {
	Label Label

	ledger  Ledger
	rows    map[block.Reason]int
	surplus map[block.Reason]table.Reject
}

const maxRejectRows = 10_000

func (fn *auditFn) StartBundle(func(Ledger), func(table.Row)) {
	fn.ledger = Ledger{}
	fn.rows = make(map[block.Reason]int)
	fn.surplus = make(map[block.Reason]table.Reject)
}

func (fn *auditFn) ProcessElement(b block.Block, _ func(Ledger), emit func(table.Row)) error {
	fn.ledger.Read += b.Records
	for _, r := range b.Rejects {
		fn.ledger.Rejected += r.Count
		fn.ledger.refuse(Refusal{Reason: r.Reason, Count: r.Count, Example: r.Detail})
		row := table.Reject{
			Job: fn.Label.Job, Run: fn.Label.Run, Source: b.Source, Offset: r.Offset,
			Reason: string(r.Reason), Detail: r.Detail, Raw: r.Raw, Count: uint64(r.Count), WrittenAt: table.TimeOf(time.Now()),
		}
		if fn.rows[r.Reason]++; fn.rows[r.Reason] > maxRejectRows {
			row.Count += fn.surplus[r.Reason].Count
			fn.surplus[r.Reason] = row
			continue
		}
		if err := emitRow(row, emit); err != nil {
			return err
		}
	}
	return nil
}

func (fn *auditFn) FinishBundle(ledger func(Ledger), emit func(table.Row)) error {
	for _, row := range fn.surplus {
		if err := emitRow(row, emit); err != nil {
			return err
		}
	}
	ledger(fn.ledger)
	return nil
}

// refuse adds to a reason's count.
func (l *Ledger) refuse(r Refusal) {
	for i := range l.Reasons {
		if l.Reasons[i].Reason == r.Reason {
			l.Reasons[i].Count += r.Count
			return
		}
	}
	l.Reasons = append(l.Reasons, r)
}

type addLedgersFn struct{}

func (*addLedgersFn) MergeAccumulators(a, b Ledger) Ledger {
	sum := Ledger{Read: a.Read + b.Read, Rejected: a.Rejected + b.Rejected, Reasons: slices.Clone(a.Reasons)}
	for _, r := range b.Reasons {
		sum.refuse(r)
	}
	slices.SortStableFunc(sum.Reasons, func(a, b Refusal) int { return cmp.Compare(b.Count, a.Count) })
	return sum
}

// Check tells whether too many records were rejected: more than the given share
// of those read, from 0 to 1. The error says what most of them lack.
func (l Ledger) Check(share float64) error {
	if l.Rejected == 0 || float64(l.Rejected) <= share*float64(l.Read) {
		return nil
	}
	r := l.Reasons[0]
	return fmt.Errorf("%d of %d records were rejected, more than --max_rejects=%g%%; most (%d): %s (%s)",
		l.Rejected, l.Read, 100*share, r.Count, r.Reason, r.Example)
}

func encodeLedger(l Ledger) ([]byte, error) { return json.Marshal(l) }

func decodeLedger(b []byte) (l Ledger, err error) {
	err = json.Unmarshal(b, &l)
	return l, err
}
