package bigquerystore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/googleapis/gax-go/v2"
	"github.com/twmb/avro"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crest/bigquery"
	"crest/store"
	"crest/table"
)

// A sketchRow is a row of the table sketches, of the columns that are read.
type sketchRow struct {
	Run         string    `avro:"run"`
	WindowStart time.Time `avro:"window_start"`
	WindowEnd   time.Time `avro:"window_end"`
	Shard       int64     `avro:"shard"`
	Shards      int64     `avro:"shards"`
	Revision    int64     `avro:"revision"`
	Total       int64     `avro:"total"`
	Summary     []byte    `avro:"summary"`
	WrittenAt   time.Time `avro:"written_at"`
}

var sketchColumns = []string{"run", "window_start", "window_end", "shard", "shards", "revision", "total", "summary", "written_at"}

const (
	// maxMessage is how large a message of rows may be: the service says 100 MB.
	maxMessage = 128 << 20
	// attempts is how often a stream may break without a row in between.
	attempts = 5
)

// readSession gathers the rows of a span. What the service says that it will read
// is added to read.
func (r *Reader) readSession(ctx context.Context, in store.Interval, g *gathering, read *int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	session, err := r.storage.CreateReadSession(ctx, &storagepb.CreateReadSessionRequest{
		Parent: "projects/" + r.target.Project,
		ReadSession: &storagepb.ReadSession{
			Table:       fmt.Sprintf("projects/%s/datasets/%s/tables/%s", r.target.Project, r.target.Dataset, table.SketchTable),
			DataFormat:  storagepb.DataFormat_AVRO,
			ReadOptions: &storagepb.ReadSession_TableReadOptions{SelectedFields: sketchColumns, RowRestriction: restriction(in, g.from, g.before)},
		},
		MaxStreamCount: 1,
	})
	if err != nil {
		return err
	}
	if *read += max(session.GetEstimatedTotalBytesScanned(), 0); *read > r.maxBytes {
		return r.tooMuch(uint64(*read))
	}
	if len(session.GetStreams()) == 0 {
		return nil
	}
	schema, err := sketchSchema(session.GetAvroSchema().GetSchema())
	if err != nil {
		return err
	}
	for _, stream := range session.GetStreams() {
		if err := r.readStream(ctx, stream.GetName(), schema, g); err != nil {
			return err
		}
	}
	return nil
}

// sketchSchema reads the schema of a session.
func sketchSchema(text string) (*avro.Schema, error) {
	schema, err := avro.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the schema of the answer: %w", err)
	}
	for _, name := range sketchColumns {
		if !slices.ContainsFunc(schema.Root().Fields, func(f avro.SchemaField) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the schema of the answer: it has no column %s", name)
		}
	}
	return schema, nil
}

// readStream gathers the rows of a stream. Where the connection breaks it goes on
// behind the last row that came.
func (r *Reader) readStream(ctx context.Context, name string, schema *avro.Schema, g *gathering) error {
	backoff := gax.Backoff{Initial: 100 * time.Millisecond, Max: 10 * time.Second, Multiplier: 2}
	var offset int64
	for broken := 0; ; {
		n, err := r.readFrom(ctx, name, offset, schema, g)
		offset += n
		if err == nil || !mayBreak(err) || ctx.Err() != nil {
			return err
		}
		if n > 0 {
			broken = 0
		}
		if broken++; broken == attempts {
			return fmt.Errorf("after %d attempts: %w", attempts, err)
		}
		if err := gax.Sleep(ctx, backoff.Pause()); err != nil {
			return err
		}
	}
}

// mayBreak tells errors of a connection from those of a question.
func mayBreak(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.Internal && strings.Contains(err.Error(), "RST_STREAM")
}

// readFrom gathers the rows of a stream from an offset on, and returns how many
// came.
func (r *Reader) readFrom(ctx context.Context, name string, offset int64, schema *avro.Schema, g *gathering) (rows int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.storage.ReadRows(ctx, &storagepb.ReadRowsRequest{ReadStream: name, Offset: offset},
		gax.WithGRPCOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return 0, err
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		n, err := gatherRows(message, schema, g)
		if err != nil {
			return rows, fmt.Errorf("the rows from %d on: %w", offset+rows, err)
		}
		rows += n
	}
}

// gatherRows gathers the rows of a message, and returns how many it had.
func gatherRows(message *storagepb.ReadRowsResponse, schema *avro.Schema, g *gathering) (n int64, err error) {
	for data := message.GetAvroRows().GetSerializedBinaryRows(); len(data) > 0; n++ {
		var row sketchRow
		rest, err := schema.Decode(data, &row)
		if err != nil {
			return n, err
		}
		if len(rest) == len(data) {
			return n, errors.New("a row of no bytes")
		}
		data = rest
		k, err := row.sketch()
		if err == nil {
			err = g.add(k)
		}
		if err != nil {
			return n, err
		}
	}
	if n != message.GetRowCount() {
		return n, fmt.Errorf("there are %d, not %d as was said", n, message.GetRowCount())
	}
	return n, nil
}

func (r *sketchRow) sketch() (table.Sketch, error) {
	k := table.Sketch{Run: r.Run, WindowStart: table.TimeOf(r.WindowStart), WindowEnd: table.TimeOf(r.WindowEnd),
		Shard: r.Shard, Shards: r.Shards, Summary: r.Summary, WrittenAt: table.TimeOf(r.WrittenAt)}
	var errs [2]error
	k.Revision, errs[0] = weight(r.Revision)
	k.Total, errs[1] = weight(r.Total)
	return k, errors.Join(errs[:]...)
}

// restriction is the condition of a session, which takes no parameters: that on
// window_start prunes partitions, the others are what rows are clustered by.
func restriction(in store.Interval, from, before table.Time) string {
	return fmt.Sprintf("window_start >= TIMESTAMP '%v' AND window_start < TIMESTAMP '%v' AND window_seconds = %d AND segment = %s AND job = %s AND path = %s",
		from, before, in.WindowSeconds, bigquery.Literal(in.Segment), bigquery.Literal(in.Job), bigquery.Literal(in.Path))
}
