// Package archive reads an archive of raw events, in batch: what a live source
// read, no more and no less.
//
// The files of an hour of a source are merged by the offsets or ids of their
// records, and a record that is there again is dropped. An hour of a source is
// read by one worker; hours are read side by side.
package archive

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/archive"
	"crest/block"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/metrics"
	"crest/sources/format"
)

func init() {
	beam.RegisterType(reflect.TypeFor[span]())
	// By name, so that a binary without symbols finds them.
	register.Function1x2(encodeSpan)
	register.Function1x2(decodeSpan)
	beam.RegisterCoder(reflect.TypeFor[span](), encodeSpan, decodeSpan)
	beam.RegisterDoFn(reflect.TypeFor[expandFn]())
	beam.RegisterDoFn(reflect.TypeFor[readFn]())
	register.Emitter1[span]()
}

// DefaultBlockSize is how much payload makes a block, in bytes.
const DefaultBlockSize = 256 << 10

var duplicatesDropped = metrics.NewCounter("archive_duplicates_dropped_total", "Records that an archive holds more than once.")

// Config says what is read and how.
type Config struct {
	// Prefix is the archive's: a local directory, or gs://…, s3://…, hdfs://….
	Prefix string
	// From and To bound the event time, [From, To): both are beginnings of hours,
	// or zero for no bound. What has no time is read where there is no bound.
	From, To time.Time
	// Fields names the fields of a record.
	Fields format.Options
	// Payload is what the messages hold.
	Payload format.Payload
	// Workers is how many goroutines decode in each bundle: the number of CPUs
	// where bundles run one after another, 1 (the default) where the runner has a
	// bundle for each CPU.
	Workers int
	// BlockSize is how much payload makes a block, in bytes; DefaultBlockSize where
	// it is 0.
	BlockSize int
}

// Read returns a PCollection<block.Block> of the archive's records, in the global
// window, each block stamped with its earliest event time. A block has the
// messages of one source, with their offsets or ids; From and To are the least
// offset in it and the one behind the greatest. What can't be decoded is a reject,
// as it was when it was received. What can't be read of a file is a reject whose
// source is that file.
func Read(s beam.Scope, cfg Config) beam.PCollection {
	s = s.Scope("archive.Read")
	if cfg.BlockSize <= 0 {
		cfg.BlockSize = DefaultBlockSize
	}
	spans := beam.ParDo(s, &expandFn{Prefix: cfg.Prefix, From: cfg.From, To: cfg.To}, beam.Impulse(s))
	return beam.ParDo(s, &readFn{Fields: cfg.Fields, Payload: cfg.Payload, Workers: cfg.Workers, BlockSize: cfg.BlockSize}, spans)
}

// Stat returns how many files are to be read and their stored size, for a check
// before anything starts and for progress. None are an error.
func Stat(ctx context.Context, cfg Config) (files int, bytes int64, err error) {
	groups, err := list(ctx, cfg.Prefix, cfg.From, cfg.To)
	for i := range groups {
		files += len(groups[i].Files)
		bytes += groups[i].Size()
	}
	return files, bytes, err
}

func list(ctx context.Context, prefix string, from, to time.Time) ([]archive.Group, error) {
	groups, err := archive.List(ctx, prefix, from, to)
	if err != nil {
		return nil, fmt.Errorf("reading the archive %s: %w", prefix, err)
	}
	if len(groups) == 0 {
		between := ""
		if !from.IsZero() {
			between += " from " + from.UTC().Format(time.RFC3339)
		}
		if !to.IsZero() {
			between += " until before " + to.UTC().Format(time.RFC3339)
		}
		return nil, fmt.Errorf("the archive %s holds no events%s: its files are %s/date=…/hour=…/*", prefix, between, prefix)
	}
	return groups, nil
}

// expandFn emits what is to be read.
type expandFn struct {
	Prefix   string
	From, To time.Time
}

func (fn *expandFn) ProcessElement(ctx context.Context, _ []byte, emit func(span)) error {
	groups, err := list(ctx, fn.Prefix, fn.From, fn.To)
	if err != nil {
		return err
	}
	for _, s := range spans(groups) {
		emit(s)
	}
	return nil
}

// readFn reads the hours of a span. A restriction is of their places in it.
type readFn struct {
	Fields    format.Options
	Payload   format.Payload
	Workers   int
	BlockSize int

	decoder format.Decoder
}

// Setup makes the decoder.
func (fn *readFn) Setup() (err error) {
	fn.decoder, err = fn.Payload.NewDecoder(fn.Fields)
	return err
}

func (fn *readFn) CreateInitialRestriction(s span) offsetrange.Restriction {
	return offsetrange.Restriction{End: int64(len(s.Groups))}
}

func (fn *readFn) SplitRestriction(_ span, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r} // a span is no more than a bundle should be
}

func (fn *readFn) RestrictionSize(s span, r offsetrange.Restriction) (size float64) {
	for i := r.Start; i < r.End; i++ {
		size += float64(s.Groups[i].Size())
	}
	return size
}

func (fn *readFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

// ProcessElement reads hours, each after it is claimed. They are claimed some
// blocks before they are emitted.
func (fn *readFn) ProcessElement(ctx context.Context, at beam.EventTime, rt *sdf.LockRTracker, s span, emit func(beam.EventTime, block.Block)) error {
	ctx, cancel := context.WithCancel(ctx)
	r := &reader{size: fn.BlockSize}
	q := startQueue(ctx, fn.Workers, fn.decoder, func(out func(block.Block) bool) error {
		r.out = out
		for i := rt.GetRestriction().(offsetrange.Restriction).Start; rt.TryClaim(i); i++ {
			g := &s.Groups[i]
			if err := r.read(ctx, g); err != nil {
				return fmt.Errorf("reading the archive, %s of %s: %w", g.Hour.Dir(), g.Source, err)
			}
		}
		return r.flush()
	})
	defer func() {
		cancel()
		q.wait()
	}()
	for b := range q.blocks {
		metrics.Block(ctx, &b)
		emit(mtime.Time(b.Earliest(int64(at))), b)
	}
	duplicatesDropped.Add(ctx, r.stats.Dropped)
	return errors.Join(q.err, rt.GetError())
}
