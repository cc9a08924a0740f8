package bigquery

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/cespare/xxhash/v2"

	"crest/bigquery"
	"crest/table"
	"crest/wire"
)

func init() {
	beam.RegisterType(reflect.TypeFor[ended]())
	beam.RegisterDoFn(reflect.TypeFor[packFn]())
	beam.RegisterDoFn(reflect.TypeFor[pendFn]())
	beam.RegisterDoFn(reflect.TypeFor[commitFn]())
	register.Emitter2[int64, []byte]()
	register.Emitter2[int64, ended]()
	register.Iter1[[]byte]()
	register.Iter1[ended]()
}

// writeBatch writes rows through pending streams. A bundle that is run again
// makes streams of its own, and those that it made before are never committed;
// what is committed is known once all rows are written, behind a GroupByKey.
func writeBatch(s beam.Scope, cfg Config, rows beam.PCollection) beam.PCollection {
	packs := beam.GroupByKey(s, beam.ParDo(s, &packFn{Writers: max(cfg.Writers, 1)}, rows))
	streams := beam.GroupByKey(s, beam.ParDo(s, &pendFn{Target: cfg.Target}, packs))
	return beam.ParDo(s, &commitFn{Target: cfg.Target}, streams)
}

// packSize is how large a pack is, in bytes: an element costs as much time as a
// kilobyte.
const packSize = 64 << 10

// packFn packs rows of one table into one element, and gives each pack to one of
// the table's writers.
type packFn struct {
	Writers int

	packs [][]byte // by table
}

// StartBundle forgets what a failed bundle has left.
func (f *packFn) StartBundle(func(int64, []byte)) {
	f.packs = make([][]byte, len(table.Schemas())+1)
}

// ProcessElement packs a row.
func (f *packFn) ProcessElement(row table.Row, emit func(int64, []byte)) {
	p := &f.packs[row.Table]
	*p = append(binary.AppendUvarint(*p, uint64(len(row.Data))), row.Data...)
	if len(*p) >= packSize {
		f.flush(row.Table, emit)
	}
}

// FinishBundle emits what is left.
func (f *packFn) FinishBundle(emit func(int64, []byte)) {
	for id := range f.packs {
		if len(f.packs[id]) > 0 {
			f.flush(table.ID(id), emit)
		}
	}
}

func (f *packFn) flush(id table.ID, emit func(int64, []byte)) {
	p := f.packs[id]
	writer := xxhash.Sum64(p) % uint64(f.Writers)
	emit(int64(id)+maxTables*int64(writer), p)
	f.packs[id] = nil
}

// maxTables is how many table.IDs there can be.
const maxTables = 1 << 8

var errPack = errors.New("unpacking rows")

// unpack appends the rows of a pack, which share its memory.
func unpack(rows []table.Row, id table.ID, pack []byte) ([]table.Row, error) {
	d := wire.NewDecoder(pack, errPack)
	for d.Len() > 0 {
		rows = append(rows, table.Row{Table: id, Data: d.Bytes()})
	}
	return rows, d.End()
}

// ended is a pending stream that can be committed.
type ended struct {
	Stream string
	Rows   int64
}

// pendFn writes the packs of one writer through one pending stream, and what
// BigQuery refuses of them through another.
type pendFn struct {
	Target bigquery.Target

	client *bigquery.Client
}

// Setup connects.
func (f *pendFn) Setup(ctx context.Context) (err error) {
	f.client, err = client(ctx, f.Target)
	return err
}

// ProcessElement emits the streams that it has written, by table.
func (f *pendFn) ProcessElement(ctx context.Context, key int64, packs func(*[]byte) bool, emit func(int64, ended)) error {
	id := table.ID(key % maxTables)
	if !id.Valid() {
		return fmt.Errorf("%w: of table %d", errPack, id)
	}
	w := &writer{client: f.client, streams: make(map[table.ID]*bigquery.Pending)}
	err := w.write(ctx, id, packs)
	rowsRefused.Add(ctx, f.client.TakeRefused())
	if err == nil {
		err = w.end(ctx, emit)
	}
	return errors.Join(err, w.close())
}

// A writer writes through one pending stream to a table, and where BigQuery
// refuses rows through one more, to the table rejects.
type writer struct {
	client  *bigquery.Client
	streams map[table.ID]*bigquery.Pending
}

func (w *writer) write(ctx context.Context, id table.ID, packs func(*[]byte) bool) error {
	var pack []byte
	var rows []table.Row
	for packs(&pack) {
		var err error
		if rows, err = unpack(rows[:0], id, pack); err != nil {
			return err
		}
		refused, err := w.append(ctx, id, rows)
		if err == nil && len(refused) > 0 {
			_, err = w.append(ctx, table.RejectTable, refused) // there is no place for what is refused here
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) append(ctx context.Context, id table.ID, rows []table.Row) (rejects []table.Row, err error) {
	p := w.streams[id]
	if p == nil {
		if p, err = w.client.Pend(ctx, id); err != nil {
			return nil, err
		}
		w.streams[id] = p
	}
	return p.Append(ctx, rows)
}

// end emits the streams, which take no more rows.
func (w *writer) end(ctx context.Context, emit func(int64, ended)) error {
	for id, p := range w.streams {
		name, n, err := p.Finalize(ctx)
		if err != nil {
			return err
		}
		emit(int64(id), ended{name, n})
	}
	return nil
}

func (w *writer) close() error {
	var errs []error
	for _, p := range w.streams {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// commitFn makes the rows of a table visible.
type commitFn struct {
	Target bigquery.Target

	client *bigquery.Client
}

// Setup connects.
func (f *commitFn) Setup(ctx context.Context) (err error) {
	f.client, err = client(ctx, f.Target)
	return err
}

// ProcessElement commits a table's streams, and emits the number of their rows.
func (f *commitFn) ProcessElement(ctx context.Context, id int64, streams func(*ended) bool, emit func(int64)) error {
	var names []string
	var rows int64
	var e ended
	for streams(&e) {
		names = append(names, e.Stream)
		rows += e.Rows
	}
	slices.Sort(names)
	if err := f.client.Commit(ctx, table.ID(id), names); err != nil {
		return err
	}
	emit(rows)
	return nil
}
