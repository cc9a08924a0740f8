package bigquery

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"crest/table"
)

// Rows travel as messages of protocol buffers, which the service reads by a
// descriptor: a field for each column, in the schema's order, numbered from 1.
// Records are messages of a type that is nested in the row's. Timestamps are
// microseconds. See https://cloud.google.com/bigquery/docs/supported-data-types.

// The pseudocolumns of change data capture, numbered behind the columns. See
// https://cloud.google.com/bigquery/docs/change-data-capture.
const (
	changeType     = "_CHANGE_TYPE"
	changeSequence = "_CHANGE_SEQUENCE_NUMBER"
)

// An encoder makes the bytes of a table's rows.
type encoder struct {
	schema *table.Schema
	upsert bool
}

// descriptor describes what the encoder makes.
func (e *encoder) descriptor() *descriptorpb.DescriptorProto {
	d := message(e.schema.Name, e.schema.Columns)
	if e.upsert {
		names := []string{changeType}
		if e.schema.Version != "" {
			names = append(names, changeSequence)
		}
		for _, name := range names {
			d.Field = append(d.Field, &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(int32(len(d.Field) + 1)),
				Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()})
		}
	}
	return d
}

func message(name string, columns []table.Column) *descriptorpb.DescriptorProto {
	d := &descriptorpb.DescriptorProto{Name: proto.String(name)}
	for i := range columns {
		c := &columns[i]
		f := &descriptorpb.FieldDescriptorProto{Name: proto.String(c.Name), Number: proto.Int32(int32(i + 1)),
			Type: protoTypes[c.Type].Enum(), Label: protoLabels[c.Mode].Enum()}
		if c.Type == table.Record {
			inner := message(c.Name+"_record", c.Columns)
			d.NestedType = append(d.NestedType, inner)
			f.TypeName = inner.Name
		}
		d.Field = append(d.Field, f)
	}
	return d
}

var protoTypes = map[table.Type]descriptorpb.FieldDescriptorProto_Type{
	table.String:    descriptorpb.FieldDescriptorProto_TYPE_STRING,
	table.Int:       descriptorpb.FieldDescriptorProto_TYPE_INT64,
	table.Float:     descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
	table.Bool:      descriptorpb.FieldDescriptorProto_TYPE_BOOL,
	table.Timestamp: descriptorpb.FieldDescriptorProto_TYPE_INT64,
	table.Bytes:     descriptorpb.FieldDescriptorProto_TYPE_BYTES,
	table.Record:    descriptorpb.FieldDescriptorProto_TYPE_MESSAGE,
}

var protoLabels = map[table.Mode]descriptorpb.FieldDescriptorProto_Label{
	table.Required: descriptorpb.FieldDescriptorProto_LABEL_REQUIRED,
	table.Nullable: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL,
	table.Repeated: descriptorpb.FieldDescriptorProto_LABEL_REPEATED,
}

// append appends the message of a row, which must be of the encoder's table.
func (e *encoder) append(dst []byte, r table.Row) ([]byte, error) {
	values, err := r.Values(make([]any, 0, 24))
	if err != nil {
		return dst, fmt.Errorf("writing a row of %s: %w", e.schema.Name, err)
	}
	for i, v := range values {
		dst = appendField(dst, protowire.Number(i+1), v)
	}
	if !e.upsert {
		return dst, nil
	}
	n := protowire.Number(len(values) + 1)
	dst = appendField(dst, n, "UPSERT")
	if e.schema.Version != "" {
		// Of two rows with one key the one with the greater number stays.
		dst = appendField(dst, n+1, sequence(values[e.schema.Index(e.schema.Version)]))
	}
	return dst, nil
}

// sequence is a version as a sequence number: up to 16 hexadecimal digits, which
// are compared as a number.
func sequence(version any) string {
	n, ok := version.(int64)
	if !ok {
		n = int64(version.(table.Time) - table.MinTime)
	}
	return fmt.Sprintf("%016X", uint64(n))
}

// appendField appends a field; a NULL is no field.
func appendField(dst []byte, n protowire.Number, v any) []byte {
	switch v := v.(type) {
	case nil:
		return dst
	case string:
		return protowire.AppendString(protowire.AppendTag(dst, n, protowire.BytesType), v)
	case []byte:
		return protowire.AppendBytes(protowire.AppendTag(dst, n, protowire.BytesType), v)
	case int64:
		return protowire.AppendVarint(protowire.AppendTag(dst, n, protowire.VarintType), uint64(v))
	case table.Time:
		return protowire.AppendVarint(protowire.AppendTag(dst, n, protowire.VarintType), uint64(v)*1000)
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(dst, n, protowire.Fixed64Type), math.Float64bits(v))
	case bool:
		return protowire.AppendVarint(protowire.AppendTag(dst, n, protowire.VarintType), protowire.EncodeBool(v))
	case table.Records:
		var record []byte
		v.Each(func(_ int, fields []any) {
			record = record[:0]
			for i, f := range fields {
				record = appendField(record, protowire.Number(i+1), f)
			}
			dst = protowire.AppendBytes(protowire.AppendTag(dst, n, protowire.BytesType), record)
		})
		return dst
	default:
		panic(fmt.Sprintf("bigquery: a value of type %T", v))
	}
}
