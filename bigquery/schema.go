package bigquery

import (
	"fmt"
	"strings"

	bq "cloud.google.com/go/bigquery"

	"crest/table"
)

// types are a column's type in the REST API and in SQL.
var types = map[table.Type]struct {
	field bq.FieldType
	sql   string
}{
	table.String:    {bq.StringFieldType, "STRING"},
	table.Int:       {bq.IntegerFieldType, "INT64"},
	table.Float:     {bq.FloatFieldType, "FLOAT64"},
	table.Bool:      {bq.BooleanFieldType, "BOOL"},
	table.Timestamp: {bq.TimestampFieldType, "TIMESTAMP"},
	table.Bytes:     {bq.BytesFieldType, "BYTES"},
	table.Record:    {bq.RecordFieldType, "STRUCT"},
}

// fields are the columns as the REST API has them.
func fields(columns []table.Column) bq.Schema {
	var schema bq.Schema
	for i := range columns {
		schema = append(schema, field(&columns[i]))
	}
	return schema
}

func field(c *table.Column) *bq.FieldSchema {
	f := &bq.FieldSchema{Name: c.Name, Description: c.Doc, Type: types[c.Type].field,
		Required: c.Mode == table.Required, Repeated: c.Mode == table.Repeated}
	if c.Type == table.Record {
		f.Schema = fields(c.Columns)
	}
	return f
}

// metadata is what a table is made with.
func (t Target) metadata(s *table.Schema) *bq.TableMetadata {
	m := &bq.TableMetadata{Description: s.Doc, Schema: fields(s.Columns)}
	if s.Partition != "" {
		m.TimePartitioning = &bq.TimePartitioning{Type: bq.DayPartitioningType, Field: s.Partition, Expiration: t.Expiration}
	}
	if len(s.Cluster) > 0 {
		m.Clustering = &bq.Clustering{Fields: s.Cluster}
	}
	if t.Upsert {
		m.TableConstraints = &bq.TableConstraints{PrimaryKey: &bq.PrimaryKey{Columns: s.Key}}
	}
	return m
}

// DDL is the SQL that makes all tables as Prepare does, for who makes them
// himself. ${DATASET} stands for PROJECT.DATASET.
func DDL() string {
	var b strings.Builder
	for i, s := range table.Schemas() {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeDDL(&b, s)
	}
	return b.String()
}

func writeDDL(b *strings.Builder, s *table.Schema) {
	fmt.Fprintf(b, "CREATE TABLE IF NOT EXISTS `${DATASET}.%s` (\n", s.Name)
	for i := range s.Columns {
		c := &s.Columns[i]
		fmt.Fprintf(b, "  %s %s OPTIONS (description = %s)", c.Name, typeSQL(c), Literal(c.Doc))
		if i < len(s.Columns)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(")\n")
	if s.Partition != "" {
		fmt.Fprintf(b, "PARTITION BY TIMESTAMP_TRUNC(%s, DAY)\n", s.Partition)
	}
	if len(s.Cluster) > 0 {
		fmt.Fprintf(b, "CLUSTER BY %s\n", strings.Join(s.Cluster, ", "))
	}
	fmt.Fprintf(b, "OPTIONS (description = %s);\n", Literal(s.Doc))
}

func typeSQL(c *table.Column) string {
	t := types[c.Type].sql
	if c.Type == table.Record {
		var inner []string
		for i := range c.Columns {
			f := &c.Columns[i]
			inner = append(inner, fmt.Sprintf("%s %s OPTIONS (description = %s)", f.Name, typeSQL(f), Literal(f.Doc)))
		}
		t += "<" + strings.Join(inner, ", ") + ">"
	}
	switch c.Mode {
	case table.Repeated:
		return "ARRAY<" + t + ">"
	case table.Required:
		return t + " NOT NULL"
	}
	return t
}
