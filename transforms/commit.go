package transforms

import (
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[commitFn]())
	beam.RegisterDoFn(reflect.TypeFor[launchFn]())
	register.Iter1[Ledger]()
	register.Iter1[int64]()
}

// Commit makes the row of the table runs that a batch run ends with, once every
// sink has said that it has written everything: written is a PCollection<int64>
// with an element for each of their bundles. Until the row is written too,
// readers see nothing of the run. Where more records were rejected than the
// share maxRejects of those read, the pipeline fails instead.
func Commit(s beam.Scope, run table.Run, maxRejects float64, ledger, written beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Commit")
	return beam.ParDo(s, &commitFn{Run: run, MaxRejects: maxRejects}, beam.Impulse(s),
		beam.SideInput{Input: ledger}, beam.SideInput{Input: written})
}

// Launch makes the row of the table runs that a live run begins with.
func Launch(s beam.Scope, run table.Run) beam.PCollection {
	return beam.ParDo(s.Scope("transforms.Launch"), &launchFn{Run: run}, beam.Impulse(s))
}

type launchFn struct{ Run table.Run }

func (fn *launchFn) ProcessElement(_ []byte, emit func(table.Row)) error {
	return emitRow(fn.Run, emit)
}

type commitFn struct {
	Run        table.Run
	MaxRejects float64
}

func (fn *commitFn) ProcessElement(_ []byte, ledgers func(*Ledger) bool, written func(*int64) bool, emit func(table.Row)) error {
	var sum, l Ledger
	for ledgers(&l) {
		sum = (&addLedgersFn{}).MergeAccumulators(sum, l)
	}
	if err := sum.Check(fn.MaxRejects); err != nil {
		return err
	}
	run := fn.Run
	run.Read, run.Rejected, run.Counted = uint64(sum.Read), uint64(sum.Rejected), uint64(sum.Counted())
	run.CommittedAt = table.TimeOf(time.Now())
	return emitRow(run, emit)
}
