// Package files reads files in batch: text (plain or compressed), Avro and
// Parquet, from anywhere that package storage reads.
//
// Files that can be read from anywhere are split into byte ranges. A record
// belongs to the range that its block starts in, so that each record is read
// once however a runner splits. Within a range one goroutine reads ahead and
// several decode; blocks are emitted in the file's order.
package files

import (
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/metrics"
	"crest/sources/format"
)

func init() {
	beam.RegisterType(reflect.TypeFor[File]())
	beam.RegisterType(reflect.TypeFor[Range]())
	// By name, so that a binary without symbols finds them.
	register.Function1x1(encodeFile)
	register.Function1x2(decodeFile)
	register.Function1x1(encodeRange)
	register.Function1x2(decodeRange)
	beam.RegisterCoder(reflect.TypeFor[File](), encodeFile, decodeFile)
	beam.RegisterCoder(reflect.TypeFor[Range](), encodeRange, decodeRange)
	beam.RegisterDoFn(reflect.TypeFor[expandFn]())
	beam.RegisterDoFn(reflect.TypeFor[readFn]())
	register.Emitter1[File]()
}

const (
	// DefaultBlockSize is how much text makes a block, in bytes.
	DefaultBlockSize = 256 << 10
	// splitSize is the size of the ranges that a file is split into at first.
	splitSize = 64 << 20
)

// Config says what is read and how.
type Config struct {
	// Patterns are paths or globs, each of which must match a file.
	Patterns []string
	// Kind is the format; with format.Auto each file tells its own.
	Kind format.Kind
	// Fields names the fields of a record.
	Fields format.Options
	// Workers is how many goroutines decode in each bundle: the number of CPUs
	// where bundles run one after another, 1 (the default) where the runner has a
	// bundle for each CPU.
	Workers int
	// BlockSize is how much text makes a block, in bytes; DefaultBlockSize where
	// it is 0.
	BlockSize int64
}

// Read returns a PCollection<block.Block> of all records in the files that
// match the patterns, in the global window, each block stamped with its earliest
// event time. What cannot be read as a record is a reject of its block; what
// concerns a file as a whole (it is missing, a column is) fails the job.
func Read(s beam.Scope, cfg Config) beam.PCollection {
	s = s.Scope("files.Read")
	if cfg.BlockSize <= 0 {
		cfg.BlockSize = DefaultBlockSize
	}
	files := beam.ParDo(s, &expandFn{Patterns: cfg.Patterns, Kind: cfg.Kind}, beam.Impulse(s))
	return beam.ParDo(s, &readFn{Fields: cfg.Fields, Workers: cfg.Workers, BlockSize: cfg.BlockSize}, files)
}

// expandFn emits the files that the patterns match.
type expandFn struct {
	Patterns []string
	Kind     format.Kind
}

func (fn *expandFn) ProcessElement(ctx context.Context, _ []byte, emit func(File)) error {
	listed, err := list(ctx, fn.Patterns)
	if err != nil {
		return err
	}
	for _, l := range listed {
		f, err := inspect(ctx, l, fn.Kind)
		if err != nil {
			return err
		}
		emit(f)
	}
	return nil
}

// readFn reads the blocks of a range of a file.
type readFn struct {
	Fields    format.Options
	Workers   int
	BlockSize int64
}

func (fn *readFn) CreateInitialRestriction(f File) Range {
	return Range{End: f.Size, Whole: f.Whole}
}

func (fn *readFn) SplitRestriction(_ File, r Range) []Range {
	if r.Whole {
		return []Range{r}
	}
	var split []Range
	for _, o := range r.offsets().SizedSplits(max(splitSize/fn.BlockSize, 1) * fn.BlockSize) {
		split = append(split, Range{Start: o.Start, End: o.End})
	}
	return split
}

func (fn *readFn) RestrictionSize(_ File, r Range) float64 {
	return float64(r.End - r.Start)
}

func (fn *readFn) CreateTracker(r Range) *sdf.LockRTracker {
	return sdf.NewLockRTracker(newTracker(r))
}

// ProcessElement claims a unit of the file, then emits it, whole: units that
// are read ahead and then refused are thrown away.
func (fn *readFn) ProcessElement(ctx context.Context, at beam.EventTime, rt *sdf.LockRTracker, f File, emit func(beam.EventTime, block.Block)) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	part := rt.GetRestriction().(Range)
	r, err := fn.open(ctx, f, part)
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.Path, err)
	}
	q := startQueue(ctx, r, fn.Workers)
	defer func() {
		q.stop()
		if e := r.close(); err == nil && e != nil {
			err = fmt.Errorf("closing %s: %w", f.Path, e)
		}
	}()
	claimed := int64(-1)
	for j := range q.jobs {
		if at := j.unit.start(); at > claimed {
			if !rt.TryClaim(at) {
				return nil
			}
			claimed = at
		}
		for b := range j.blocks {
			metrics.Block(ctx, &b)
			emit(mtime.Time(b.Earliest(int64(at))), b)
			b.Release()
		}
		if j.err != nil {
			return fmt.Errorf("reading %s: %w", f.Path, j.err)
		}
	}
	if q.err != nil {
		return fmt.Errorf("reading %s: %w", f.Path, q.err)
	}
	rt.TryClaim(max(part.End, claimed+1)) // done: nothing starts before the end
	return nil
}
