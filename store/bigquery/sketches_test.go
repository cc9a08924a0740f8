package bigquerystore

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/twmb/avro"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crest/seedtest"
	"crest/store"
	"crest/table"
)

// avroSchema is what the service says of the columns that are read.
const avroSchema = `{"type": "record", "name": "__root__", "fields": [
	{"name": "run", "type": "string"},
	{"name": "window_start", "type": {"type": "long", "logicalType": "timestamp-micros"}},
	{"name": "window_end", "type": {"type": "long", "logicalType": "timestamp-micros"}},
	{"name": "shard", "type": "long"},
	{"name": "shards", "type": "long"},
	{"name": "revision", "type": "long"},
	{"name": "total", "type": "long"},
	{"name": "summary", "type": "bytes"},
	{"name": "written_at", "type": {"type": "long", "logicalType": "timestamp-micros"}}]}`

func encode(t *testing.T, rows ...sketchRow) *storagepb.ReadRowsResponse {
	t.Helper()
	var data []byte
	for i := range rows {
		var err error
		if data, err = avro.MustParse(avroSchema).AppendEncode(data, &rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	return answerOf(data, len(rows))
}

func answerOf(data []byte, rows int) *storagepb.ReadRowsResponse {
	return &storagepb.ReadRowsResponse{RowCount: int64(rows),
		Rows: &storagepb.ReadRowsResponse_AvroRows{AvroRows: &storagepb.AvroRows{SerializedBinaryRows: data}}}
}

func sessionOf(schema string) *storagepb.ReadSession {
	return &storagepb.ReadSession{Streams: []*storagepb.ReadStream{{Name: "s"}}, EstimatedTotalBytesScanned: 1,
		Schema: &storagepb.ReadSession_AvroSchema{AvroSchema: &storagepb.AvroSchema{Schema: schema}}}
}

func sketchAt(run string, minute int, shard, revision int64, summary int) sketchRow {
	start := hour.Time().Add(time.Duration(minute) * time.Minute)
	return sketchRow{Run: run, WindowStart: start, WindowEnd: start.Add(time.Minute), Shard: shard, Shards: 2, Revision: revision, Total: revision,
		Summary: make([]byte, summary), WrittenAt: start}
}

// TestGathered compares what is read, in rooms of several sizes, with the rows
// that count by the words of docs/format/tables.md.
func TestGathered(t *testing.T) {
	random := seedtest.Rand(t)
	const windows = 40
	var rows []sketchRow
	for range 500 {
		rows = append(rows, sketchAt(fmt.Sprintf("r%d", random.IntN(4)), random.IntN(windows), random.Int64N(2), random.Int64N(5), random.IntN(1000)))
	}
	// r0 is not eligible, r3 only from the 20th minute on.
	eligible := map[string]table.Time{"r1": table.MinTime, "r2": table.MinTime, "r3": hour + 20*60_000}
	newest := func(row sketchRow) bool {
		counts, ok := eligible[row.Run]
		start := table.TimeOf(row.WindowStart)
		return ok && start >= counts && !slices.ContainsFunc(rows, func(o sketchRow) bool {
			c, ok := eligible[o.Run]
			return ok && start >= c && o.WindowStart.Equal(row.WindowStart) && o.Run > row.Run
		})
	}
	best := make(map[string]int64)
	for _, row := range rows {
		if newest(row) {
			key := fmt.Sprint(table.TimeOf(row.WindowStart), " ", row.Shard, " ", row.Run)
			best[key] = max(best[key], row.Revision)
		}
	}
	var want []string
	for key, revision := range best {
		want = append(want, fmt.Sprint(key, " ", revision))
	}
	slices.Sort(want)

	s, r := startService(t, 1<<30)
	s.answer = func(job) string {
		return tableOf("run:STRING from:TIMESTAMP", "r1 -62135596800000000", "r2 -62135596800000000", fmt.Sprint("r3 ", int64(eligible["r3"])*1000))
	}
	s.session = func(*storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
		return sessionOf(avroSchema), nil
	}
	var messages []*storagepb.ReadRowsResponse
	s.rows = func(_ *storagepb.ReadRowsRequest, send func(*storagepb.ReadRowsResponse) error) error {
		for _, m := range messages {
			if err := send(m); err != nil {
				return err
			}
		}
		return nil
	}
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: hour + windows*60_000}
	for _, room := range []int{4 << 10, 16 << 10, 1 << 20} {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		messages = nil
		for part := range slices.Chunk(rows, 70) {
			messages = append(messages, encode(t, part...))
		}
		r.gathered = room
		var got []string
		for k, err := range r.Sketches(t.Context(), in) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(k.WindowStart, " ", k.Shard, " ", k.Run, " ", k.Revision))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("room for %d bytes:\ngot  %v\nwant %v", room, got, want)
		}
	}
}

func TestRoom(t *testing.T) {
	g := &gathering{runs: map[string]table.Time{"r1": table.MinTime}, from: hour, before: table.MaxTime, limit: 10_000, windows: make(map[table.Time]*window)}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		row := sketchAt("r1", random.IntN(100), random.Int64N(2), random.Int64N(9), random.IntN(2000))
		k, _ := row.sketch()
		if err := g.add(k); err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, w := range g.windows {
			for _, k := range w.shards {
				held += len(k.Summary) + rowBytes
			}
		}
		if held != g.bytes || held > g.limit {
			t.Fatalf("%d bytes are held, %d were counted", held, g.bytes)
		}
	}
	row := sketchAt("r1", 0, 5, 9, 10_000)
	k, _ := row.sketch()
	if err := g.add(k); err == nil || !strings.Contains(err.Error(), "9.8 KiB") {
		t.Errorf("a window without room: %v", err)
	}
}

// TestBroken breaks the connection: what was read is not read again.
func TestBroken(t *testing.T) {
	s, r := startService(t, 1<<30)
	s.answer = answers
	s.session = func(*storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
		return sessionOf(avroSchema), nil
	}
	var offsets []int64
	s.rows = func(req *storagepb.ReadRowsRequest, send func(*storagepb.ReadRowsResponse) error) error {
		offsets = append(offsets, req.GetOffset())
		if n := req.GetOffset(); n < 3 {
			if err := send(encode(t, sketchAt("r1", int(n), 0, 1, 10))); err != nil {
				return err
			}
			return status.Error(codes.Unavailable, "the server is being restarted")
		}
		return nil
	}
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: hour + 3600_000}
	n := 0
	for _, err := range r.Sketches(t.Context(), in) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3 || !slices.Equal(offsets, []int64{0, 1, 2, 3}) {
		t.Errorf("%d sketches, asked for at %v", n, offsets)
	}
}

// TestHostileRows reads what the service should not send.
func TestHostileRows(t *testing.T) {
	s, r := startService(t, 1<<30)
	s.answer = answers
	good := encode(t, sketchAt("r1", 0, 0, 1, 10))
	data := good.GetAvroRows().GetSerializedBinaryRows()
	negative := encode(t, sketchAt("r1", 0, 0, -1, 10))
	nulls := `{"type": "record", "name": "n", "fields": [` + strings.TrimSuffix(strings.Repeat(`{"name": "%s", "type": "null"},`, len(sketchColumns)), ",") + `]}`
	var names []any
	for _, c := range sketchColumns {
		names = append(names, c)
	}
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: hour + 3600_000}
	for name, c := range map[string]struct {
		schema string
		answer *storagepb.ReadRowsResponse
		want   string
	}{
		"no schema":        {"", good, "schema of the answer"},
		"no JSON":          {"{", good, "schema of the answer"},
		"other columns":    {`{"type": "record", "name": "r", "fields": [{"name": "run", "type": "string"}]}`, good, "no column window_start"},
		"a number":         {`"long"`, good, "no column run"},
		"other types":      {strings.Replace(avroSchema, `"bytes"`, `"double"`, 1), good, ""},
		"rows of no bytes": {fmt.Sprintf(nulls, names...), answerOf([]byte{1}, 1), ""},
		"cut":              {avroSchema, answerOf(data[:len(data)-1], 1), ""},
		"garbage":          {avroSchema, answerOf([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 1), ""},
		"too few":          {avroSchema, answerOf(data, 2), "there are 1, not 2"},
		"no rows":          {avroSchema, &storagepb.ReadRowsResponse{RowCount: 1}, "there are 0, not 1"},
		"negative":         {avroSchema, negative, "-1 is negative"},
	} {
		s.session = func(*storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
			return sessionOf(c.schema), nil
		}
		s.rows = func(_ *storagepb.ReadRowsRequest, send func(*storagepb.ReadRowsResponse) error) error {
			return send(c.answer)
		}
		var failed error
		for _, err := range r.Sketches(t.Context(), in) {
			failed = err
		}
		if failed == nil || !strings.Contains(failed.Error(), c.want) {
			t.Errorf("%s: %v", name, failed)
		}
	}
}

// FuzzRows decodes any bytes as rows.
func FuzzRows(f *testing.F) {
	row := sketchAt("r1", 0, 0, 1, 10)
	data, err := avro.MustParse(avroSchema).Encode(&row)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, int64(1))
	schema, err := sketchSchema(avroSchema)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, rows int64) {
		g := &gathering{runs: map[string]table.Time{"r1": table.MinTime}, from: table.MinTime, before: table.MaxTime, limit: 1 << 20, windows: make(map[table.Time]*window)}
		message := answerOf(data, 0)
		message.RowCount = rows
		n, err := gatherRows(message, schema, g)
		if err == nil && (n != rows || g.bytes > g.limit) {
			t.Errorf("%d rows, %d bytes", n, g.bytes)
		}
	})
}
