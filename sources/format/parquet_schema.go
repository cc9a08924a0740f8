package format

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	meta "github.com/parquet-go/parquet-go/format"
)

// A parquetLeaf is a column of values.
type parquetLeaf struct {
	name   string // dotted, without the groups that make a list of a field
	path   string // dotted, with them
	index  int    // among the leaves
	maxDef int    // the definition level of a value
	maxRep int
	// elementDef is the definition level of an element of the outermost list.
	elementDef int
	physical   meta.Type
	meaning    meaning
}

// maxParquetDepth is how deep groups may be nested.
const maxParquetDepth = 64

// parquetSchema walks the flat list of a file's schema.
type parquetSchema struct {
	elements []meta.SchemaElement
	leaves   []parquetLeaf
}

// parquetLeaves returns the columns of a schema, in the order of the column
// chunks of a row group.
func parquetLeaves(elements []meta.SchemaElement) ([]parquetLeaf, error) {
	if len(elements) == 0 {
		return nil, errors.New("no schema")
	}
	s := &parquetSchema{elements: elements[1:]}
	for range elements[0].NumChildren.V {
		if err := s.walk(parquetLeaf{}, 0, 0); err != nil {
			return nil, err
		}
	}
	return s.leaves, nil
}

// walk reads the next element and what is under it. The first hidden levels are
// the inner groups of a list, which have no name of their own.
func (s *parquetSchema) walk(at parquetLeaf, hidden, depth int) error {
	if len(s.elements) == 0 || depth > maxParquetDepth {
		return errors.New("bad schema")
	}
	e := &s.elements[0]
	s.elements = s.elements[1:]
	at.path = dotted(at.path, e.Name)
	if hidden == 0 {
		at.name = dotted(at.name, e.Name)
	}
	switch e.RepetitionType.V {
	case meta.Optional:
		at.maxDef++
	case meta.Repeated:
		at.maxDef++
		at.maxRep++
		if at.maxRep == 1 {
			at.elementDef = at.maxDef
		}
	}
	if e.NumChildren.V == 0 {
		at.physical, at.meaning = e.Type.V, parquetMeaningOf(e)
		at.index = len(s.leaves)
		s.leaves = append(s.leaves, at)
		return nil
	}
	hidden = max(hidden-1, 0)
	if isParquetList(e) && e.NumChildren.V == 1 {
		hidden = 1
		if inner := s.elements; len(inner) > 0 && inner[0].NumChildren.V == 1 {
			hidden = 2
		}
	}
	for range e.NumChildren.V {
		if err := s.walk(at, hidden, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// The converted types of files that are older than logical types.
const (
	convertedList            = 3
	convertedDecimal         = 5
	convertedDate            = 6
	convertedTimeMillis      = 7
	convertedTimeMicros      = 8
	convertedTimestampMillis = 9
	convertedTimestampMicros = 10
	convertedUint8           = 11
	convertedUint64          = 14
	convertedInterval        = 21
)

func isParquetList(e *meta.SchemaElement) bool {
	if _, ok := e.LogicalType.Value.(*meta.ListType); ok {
		return true
	}
	return e.ConvertedType.Valid && e.ConvertedType.V == convertedList
}

func parquetMeaningOf(e *meta.SchemaElement) meaning {
	switch t := e.LogicalType.Value.(type) {
	case *meta.TimestampType:
		switch t.Unit.Value.Duration() {
		case time.Millisecond:
			return millisValue
		case time.Microsecond:
			return microsValue
		}
		return nanosValue
	case *meta.DateType:
		return daysValue
	case *meta.UUIDType:
		return uuidValue
	case *meta.IntType:
		if !t.IsSigned {
			return unsignedValue
		}
		return plainValue
	case *meta.DecimalType:
		if t.Scale == 0 && e.Type.V != meta.ByteArray && e.Type.V != meta.FixedLenByteArray {
			return plainValue
		}
		return otherValue
	case *meta.TimeType, *meta.Float16Type, *meta.BsonType, *meta.VariantType, *meta.GeometryType, *meta.GeographyType:
		return otherValue
	}
	switch c := e.ConvertedType; {
	case !c.Valid:
	case c.V == convertedTimestampMillis:
		return millisValue
	case c.V == convertedTimestampMicros:
		return microsValue
	case c.V == convertedDate:
		return daysValue
	case c.V >= convertedUint8 && c.V <= convertedUint64:
		return unsignedValue
	case c.V == convertedDecimal && (e.Scale.V != 0 || e.Type.V >= meta.ByteArray),
		c.V == convertedTimeMillis, c.V == convertedTimeMicros, c.V == convertedInterval:
		return otherValue
	}
	return plainValue
}

// parquetColumns are the columns that are read, by role; nil where there is none.
type parquetColumns [roles]*parquetLeaf

// findParquetColumns finds the wanted columns. The time and the item must be
// there; the error names the columns that are.
func findParquetColumns(leaves []parquetLeaf, o Options) (parquetColumns, error) {
	var found parquetColumns
	var errs []error
	for role, name := range [roles]string{roleTime: o.Time, roleItem: o.Item, roleSegment: o.Segment, roleWeight: o.Weight} {
		i := slices.IndexFunc(leaves, func(l parquetLeaf) bool { return l.name == name })
		if i < 0 {
			i = slices.IndexFunc(leaves, func(l parquetLeaf) bool { return l.path == name })
		}
		what := [roles]string{"time", "item", "segment", "weight"}[role]
		switch {
		case i < 0 && (role == roleTime || role == roleItem):
			names := make([]string, len(leaves))
			for j := range leaves {
				names[j] = leaves[j].name
			}
			errs = append(errs, fmt.Errorf("no %s column %q; columns: %s", what, name, limited(names)))
		case i < 0:
		case leaves[i].meaning == otherValue:
			errs = append(errs, fmt.Errorf("the %s column %q is of a type that cannot be one", what, name))
		case leaves[i].maxRep > 1 || leaves[i].maxRep == 1 && role != roleItem:
			errs = append(errs, fmt.Errorf("the %s column %q is a list%s", what, name, strings.Repeat(" of lists", leaves[i].maxRep-1)))
		default:
			found[role] = &leaves[i]
		}
	}
	return found, errors.Join(errs...)
}
