package transforms

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	"crest/table"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Ledger]())
	register.Function1x2(encodeLedger)
	register.Function1x2(decodeLedger)
	beam.RegisterCoder(reflect.TypeFor[Ledger](), encodeLedger, decodeLedger)
	register.Combiner1[Ledger](&addLedgersFn{})
	beam.RegisterDoFn(reflect.TypeFor[ledgerSumFn]())
	beam.RegisterDoFn(reflect.TypeFor[ledgerRowFn]())
}

// A Ledger accounts for records: every record read is counted, late or rejected.
type Ledger struct {
	Read, Late, Rejected int64
	// From and To are the offsets that were read, [From, To), where the source
	// has them, and Positions how many these were; Positions 0 is none.
	From, To, Positions int64
	// Reasons are why records were rejected, the most frequent first.
	Reasons []Refusal
}

// A Refusal is one reason for which records were rejected.
type Refusal struct {
	Reason  block.Reason
	Count   int64
	Example string // the detail of the first one
}

// Counted is how many of the records read were counted.
func (l Ledger) Counted() int64 { return l.Read - l.Late - l.Rejected }

// add accounts for what a block has read; late is told by who knows the panes.
func (l *Ledger) add(b *block.Block, late int64) {
	l.Read += b.Records
	l.Late += late
	l.cover(b.From, b.To, b.To-b.From)
	for _, r := range b.Rejects {
		l.Rejected += r.Count
		l.refuse(Refusal{Reason: r.Reason, Count: r.Count, Example: r.Detail})
	}
}

// cover adds offsets that were read.
func (l *Ledger) cover(from, to, positions int64) {
	if positions == 0 {
		return
	}
	if l.Positions == 0 {
		l.From, l.To = from, to
	}
	l.From, l.To, l.Positions = min(l.From, from), max(l.To, to), l.Positions+positions
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

type addLedgersFn struct{}

func (*addLedgersFn) MergeAccumulators(a, b Ledger) Ledger {
	sum := a
	sum.Read, sum.Late, sum.Rejected = a.Read+b.Read, a.Late+b.Late, a.Rejected+b.Rejected
	sum.Reasons = slices.Clone(a.Reasons)
	sum.cover(b.From, b.To, b.Positions)
	for _, r := range b.Reasons {
		sum.refuse(r)
	}
	slices.SortStableFunc(sum.Reasons, func(a, b Refusal) int { return cmp.Compare(b.Count, a.Count) })
	return sum
}

func encodeLedger(l Ledger) ([]byte, error) { return json.Marshal(l) }

func decodeLedger(b []byte) (l Ledger, err error) {
	err = json.Unmarshal(b, &l)
	return l, err
}

// ledgerSumFn adds up what is known of a partition and window.
type ledgerSumFn struct{ Sum state.Value[Ledger] }

func (fn *ledgerSumFn) ProcessElement(p state.Provider, key sumKey, delta Ledger, emit emitLedger) error {
	sum, _, err := fn.Sum.Read(p)
	if err != nil {
		return fmt.Errorf("reading the ledger of %s: %w", key.of, err)
	}
	sum = (&addLedgersFn{}).MergeAccumulators(sum, delta)
	if err := fn.Sum.Write(p, sum); err != nil {
		return fmt.Errorf("writing the ledger of %s: %w", key.of, err)
	}
	emit(key.at(), key.of, sum)
	return nil
}

// ledgerRowFn makes rows of the table ledger.
type ledgerRowFn struct{ Label Label }

func (fn *ledgerRowFn) ProcessElement(w beam.Window, source string, l Ledger, emit func(table.Row)) error {
	at, err := spanOf(w)
	if err != nil {
		return err
	}
	row := table.Ledger{
		Job: fn.Label.Job, Run: fn.Label.Run, Source: source,
		WindowStart: at.start, WindowEnd: at.end, WindowSeconds: at.seconds,
		From: l.From, To: l.To, Positions: l.Positions,
		Read: uint64(l.Read), Counted: uint64(l.Counted()), Late: uint64(l.Late), Rejected: uint64(l.Rejected),
		WrittenAt: table.TimeOf(time.Now()),
	}
	if l.Positions == 0 {
		row.From, row.To = -1, -1
	}
	return emitRow(row, emit)
}
