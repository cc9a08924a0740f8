package bigquery

import (
	"fmt"
	"reflect"
	"testing"

	bq "cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"crest/table"
)

// TestDescriptor holds the descriptors of rows against those that Google's library
// makes of the tables' schemas.
func TestDescriptor(t *testing.T) {
	for _, s := range table.Schemas() {
		storage, err := adapt.BQSchemaToStorageTableSchema(fields(s.Columns))
		if err != nil {
			t.Fatal(err)
		}
		want, err := adapt.StorageSchemaToProto2Descriptor(storage, "root")
		if err != nil {
			t.Fatal(err)
		}
		got, err := descriptor((&encoder{schema: s}).descriptor())
		if err != nil {
			t.Fatal(err)
		}
		sameFields(t, s.Name, got.Fields(), want.(protoreflect.MessageDescriptor).Fields())
	}
}

func sameFields(t *testing.T, name string, got, want protoreflect.FieldDescriptors) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%s: %d fields, not %d", name, got.Len(), want.Len())
	}
	for i := range want.Len() {
		g, w := got.Get(i), want.Get(i)
		if g.Name() != w.Name() || g.Number() != w.Number() || g.Kind() != w.Kind() || g.Cardinality() != w.Cardinality() {
			t.Errorf("%s: %v, not %v", name, g, w)
		}
		if w.Kind() == protoreflect.MessageKind {
			sameFields(t, name+"."+string(w.Name()), g.Message().Fields(), w.Message().Fields())
		}
	}
}

// decoded is a row as the service reads it, by column.
func decoded(t *testing.T, e *encoder, row table.Row) map[string]any {
	t.Helper()
	d, err := descriptor(e.descriptor())
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.append(nil, row)
	if err != nil {
		t.Fatal(err)
	}
	m := dynamicpb.NewMessage(d)
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatal(err)
	}
	if len(m.GetUnknown()) > 0 {
		t.Errorf("fields that nobody knows: %x", m.GetUnknown())
	}
	values := make(map[string]any)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !f.IsList() {
			values[string(f.Name())] = v.Interface()
			return true
		}
		var records []string
		for i := range v.List().Len() {
			r := v.List().Get(i).Message()
			text := ""
			for j := range r.Descriptor().Fields().Len() {
				text += fmt.Sprintf("%v|", r.Get(r.Descriptor().Fields().Get(j)).Interface())
			}
			records = append(records, text)
		}
		values[string(f.Name())] = records
		return true
	})
	return values
}

func TestRow(t *testing.T) {
	encode := func(row table.Row, err error) table.Row {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	topk := encode(table.Encode(table.TopK{Job: "j", Run: "r", Path: "fast", WindowStart: -1500, WindowEnd: 60_000, WindowSeconds: 60, Revision: 7, Total: 1<<63 - 1,
		Items: []table.Item{{Rank: 1, Item: "a\x00\"ü", Count: 5, Lower: 4, Upper: 6, Certain: true}, {}}, WrittenAt: 1}))
	want := map[string]any{"job": "j", "run": "r", "path": "fast", "segment": "", "window_start": int64(-1500_000), "window_end": int64(60_000_000),
		"window_seconds": int64(60), "revision": int64(7), "total": int64(1<<63 - 1), "items": []string{"1|a\x00\"ü|5|4|6|true|", "0||0|0|0|false|"}, "written_at": int64(1000)}
	if got := decoded(t, &encoder{schema: table.TopKTable.Schema()}, topk); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	want["_CHANGE_TYPE"], want["_CHANGE_SEQUENCE_NUMBER"] = "UPSERT", "0000000000000007"
	if got := decoded(t, &encoder{schema: table.TopKTable.Schema(), upsert: true}, topk); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// NULLs are left out, and a time is a sequence number of a batch of runs.
	run := decoded(t, &encoder{schema: table.RunTable.Schema(), upsert: true}, encode(table.Encode(table.Run{Job: "j", Kind: table.Streaming})))
	if _, ok := run["committed_at"]; ok || run["_CHANGE_TYPE"] != "UPSERT" || run["_CHANGE_SEQUENCE_NUMBER"] != nil {
		t.Errorf("%v", run)
	}
	early := decoded(t, &encoder{schema: table.ProgressTable.Schema(), upsert: true}, encode(table.Encode(table.Progress{ClosedThrough: -1000})))
	later := decoded(t, &encoder{schema: table.ProgressTable.Schema(), upsert: true}, encode(table.Encode(table.Progress{ClosedThrough: 1000})))
	if a, b := early["_CHANGE_SEQUENCE_NUMBER"].(string), later["_CHANGE_SEQUENCE_NUMBER"].(string); a >= b {
		t.Errorf("%s comes before %s", a, b)
	}
}

func TestCompare(t *testing.T) {
	want := fields(table.TopKTable.Schema().Columns)
	if missing, wrong := compare("topk", want, want); len(missing)+len(wrong) > 0 {
		t.Errorf("the same differs: %v, %v", missing, wrong)
	}
	have := fields(table.TopKTable.Schema().Columns)
	have[0].Type, have[1].Required = bq.IntegerFieldType, false
	have[9].Schema[1].Name = "thing"
	have = append(have[:8:8], append(have[9:], &bq.FieldSchema{Name: "mine"}, &bq.FieldSchema{Name: "yours", Required: true})...)
	_, wrong := compare("topk", want, have)
	if got, want := fmt.Sprint(wrong), "[topk.items.item is missing topk.items.thing is required, and unknown to this version topk.job is INTEGER, not STRING topk.run is NULLABLE, not REQUIRED topk.total is missing topk.yours is required, and unknown to this version]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	runs := fields(table.RunTable.Schema().Columns)
	missing, wrong := compare("runs", runs, runs[:len(runs)-1])
	if len(missing) != 1 || missing[0].Name != "hash_seed" || len(wrong) > 0 {
		t.Errorf("%v are added, %v are wrong", missing, wrong)
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]string{"my-project.crest": "my-project.crest", "my-project:crest_1": "my-project.crest_1", "example.com:my-project.crest": "example.com:my-project.crest"} {
		got, err := ParseTarget(text)
		if err != nil || got.String() != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "crest", "Project.crest", "p.crest", "my-project.", "my-project.my-dataset", "my-project.crest`; DROP TABLE x"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}
