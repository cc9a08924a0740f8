package transforms

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	"crest/metrics"
	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[auditFn]())
	register.Emitter3[beam.EventTime, string, Ledger]()
}

// Audit accounts for the records of blocks that are read in batch. It returns a
// PCollection<Ledger> of one element that accounts for all, and rows of the table
// rejects.
func Audit(s beam.Scope, l Label, blocks beam.PCollection) (ledger, rejects beam.PCollection) {
	s = s.Scope("transforms.Audit")
	parts, rejects := beam.ParDo2(s, &auditFn{Label: l}, blocks)
	return beam.Combine(s, &addLedgersFn{}, beam.DropKey(s, parts)), rejects
}

// AuditLive accounts for the records of a live source. It returns rows of the
// tables ledger, one for each partition and pane that the watermark went
// through, written anew while there is more, late and rejects. Records are late that come more than the lateness
// after their pane's end: they are in no list, and in no pane of the fast path.
func AuditLive(s beam.Scope, l Label, pane time.Duration, firing *Firing, blocks beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.AuditLive")
	parts, found := beam.ParDo2(s, &auditFn{Label: l, Pane: pane.Milliseconds(), Lateness: firing.Lateness.Milliseconds()}, blocks)
	lateness := pane + firing.Slack
	deltas := beam.CombinePerKey(s, &addLedgersFn{}, promptly(s, pane, lateEvery, lateness, parts))
	sums := beam.ParDo(s, &ledgerSumFn{Sum: state.MakeValueState[Ledger]("sum")}, outliving(s, pane, lateness, deltas))
	accounts := rows(s, &ledgerRowFn{Label: l}, beam.WindowInto(s, window.NewFixedWindows(pane), sums))
	return beam.Flatten(s, accounts, found)
}

// auditFn adds up a bundle's records. What is kept of each reject is bounded: of
// a bundle's rejects of one reason, the first maxRows have rows of their own and
// one row stands for the rest. So it is with what is late.
type auditFn struct {
	Label Label
	// Pane and Lateness are in milliseconds; 0 where nothing can be late.
	Pane, Lateness int64

	ledgers map[partition]*Ledger
	first   map[string]int64 // by source, the pane before the first watermark
	rows    map[block.Reason]int
	surplus map[block.Reason]table.Reject
	late    map[lateKey]table.Late
}

// A partition of a source, and the beginning of the pane that the watermark was in
// when it was read.
type partition struct {
	source string
	pane   int64
}

// maxRows is how many rows a bundle has of what has no bound of its own.
const maxRows = 10_000

type emitLedger = func(beam.EventTime, string, Ledger)

func (fn *auditFn) StartBundle(emitLedger, func(table.Row)) {
	fn.ledgers = make(map[partition]*Ledger)
	fn.first = make(map[string]int64)
	fn.rows = make(map[block.Reason]int)
	fn.surplus = make(map[block.Reason]table.Reject)
	fn.late = make(map[lateKey]table.Late)
}

func (fn *auditFn) ProcessElement(ctx context.Context, b block.Block, _ emitLedger, emit func(table.Row)) error {
	var p partition
	if fn.Pane > 0 {
		p = partition{b.Source, fn.open(&b)}
	}
	l := fn.ledgers[p]
	if l == nil {
		l = &Ledger{}
		fn.ledgers[p] = l
	}
	late := fn.addLate(&b)
	l.add(&b, late)
	metrics.RecordsLate.Add(ctx, late)
	metrics.RecordsCounted.Add(ctx, b.Records-late-b.Rejected())
	return fn.reject(&b, emit)
}

// open is the beginning of the pane that the watermark was in when a block was
// read. Where nothing had been said yet it is that of the earliest event of the
// source's first block in the bundle: the offsets of a row belong together.
func (fn *auditFn) open(b *block.Block) int64 {
	if b.Watermark > 0 {
		return b.Watermark - b.Watermark%fn.Pane
	}
	pane, ok := fn.first[b.Source]
	if !ok && b.Rows() > 0 {
		at := slices.Min(b.Times)
		pane = at - at%fn.Pane
		fn.first[b.Source] = pane
	}
	return pane
}

// reject makes rows of what a block rejects.
func (fn *auditFn) reject(b *block.Block, emit func(table.Row)) error {
	for _, r := range b.Rejects {
		row := table.Reject{
			Job: fn.Label.Job, Run: fn.Label.Run, Source: b.Source, Offset: r.Offset,
			Reason: string(r.Reason), Detail: r.Detail, Raw: r.Raw, Count: uint64(r.Count), WrittenAt: table.TimeOf(time.Now()),
		}
		if fn.rows[r.Reason]++; fn.rows[r.Reason] > maxRows {
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

// FinishBundle passes on what was added up: each ledger in the pane that the
// watermark was in.
func (fn *auditFn) FinishBundle(ledger emitLedger, emit func(table.Row)) error {
	for _, row := range fn.surplus {
		if err := emitRow(row, emit); err != nil {
			return err
		}
	}
	for _, row := range fn.late {
		if err := emitRow(row, emit); err != nil {
			return err
		}
	}
	for p, l := range fn.ledgers {
		ledger(mtime.Time(p.pane), p.source, *l)
	}
	return nil
}
