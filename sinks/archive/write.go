// Package archive writes the raw events of a live source into an archive, by the
// hour of event time. A bundle that a runner repeats may write a record twice;
// whoever reads the archive drops what is equal.
package archive

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window/trigger"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/archive"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/storage"
)

func init() {
	beam.RegisterType(reflect.TypeFor[archive.Batch]())
	// By name, so that a binary without symbols finds them.
	register.Function1x2(encodeBatch)
	register.Function1x2(archive.DecodeBatch)
	beam.RegisterCoder(reflect.TypeFor[archive.Batch](), encodeBatch, archive.DecodeBatch)
	beam.RegisterDoFn(reflect.TypeFor[packFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeFn]())
	register.Emitter1[int64]()
	register.Emitter2[string, archive.Batch]()
	register.Iter1[archive.Batch]()
}

func encodeBatch(b archive.Batch) ([]byte, error) { return b.AppendBinary(nil) }

const (
	// DefaultEvery is how long records wait for others to share a file with.
	DefaultEvery = time.Minute
	// bundlesAhead is how many bundles of a source may wait for that: the runner
	// keeps them.
	bundlesAhead = 128
)

// Config says what is archived and where.
type Config struct {
	// Prefix is what the paths of all files begin with: a local directory, or
	// gs://…, s3://…, hdfs://….
	Prefix string
	// Format is how files hold records; archive.NDJSON where it is empty.
	Format archive.Format
	// Every is how long records may wait, DefaultEvery where it is 0: the longer,
	// the fewer and larger the files.
	Every time.Duration
	// JSON says that the messages which were not rejected hold one text of JSON
	// each, as its decoder found. Where it is not set every payload is archived in
	// base64, byte for byte.
	JSON bool
}

// Write archives the messages of a PCollection<block.Block> in the global window.
// It returns a PCollection<int64> in the global window with the number of records
// of each bundle of files that can be read from then on. Nothing is too late for
// it. The last files of a bounded source are written when it has ended.
func Write(s beam.Scope, cfg Config, blocks beam.PCollection) beam.PCollection {
	s = s.Scope("archive.Write")
	if cfg.Format == "" {
		cfg.Format = archive.NDJSON
	}
	if cfg.Every <= 0 {
		cfg.Every = DefaultEvery
	}
	// By source alone: history comes in thousands of hours at once, and each key has
	// a firing, and some runners a bundle, of its own.
	chunks := beam.ParDo(s, &packFn{JSON: cfg.JSON}, blocks)
	fire := trigger.AfterAny([]trigger.Trigger{
		trigger.AfterCount(bundlesAhead),
		trigger.AfterProcessingTime().PlusDelay(cfg.Every),
	})
	chunks = beam.WindowInto(s, window.NewGlobalWindows(), chunks, beam.Trigger(trigger.Repeat(fire)), beam.PanesDiscard())
	written := beam.ParDo(s, &writeFn{Prefix: strings.TrimRight(cfg.Prefix, "/"), Format: cfg.Format}, beam.GroupByKey(s, chunks))
	// Whoever waits for all of them is not to wait by that trigger.
	return beam.WindowInto(s, window.NewGlobalWindows(), written, beam.Trigger(trigger.Default()))
}

// checkTimeout bounds Check.
const checkTimeout = 30 * time.Second

// Check tells whether files can be written under the prefix: it writes a small one
// and removes it.
func Check(ctx context.Context, prefix string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	path := strings.TrimRight(prefix, "/") + "/_writable"
	err := writeFile(ctx, path, [][]byte{[]byte("This file may be removed.\n")})
	if err == nil {
		err = storage.Remove(ctx, path)
	}
	if err != nil {
		return fmt.Errorf("nothing can be archived under %s: %w", prefix, err)
	}
	return nil
}

// writeFile writes a file whole or not at all.
func writeFile(ctx context.Context, path string, pieces [][]byte) (err error) {
	w, err := storage.Create(ctx, path)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Commit()
}
