package format

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/avro"
	"github.com/twmb/avro/atype"
)

// An avroType is what a value looks like on the wire.
type avroType uint8

const (
	avroNull avroType = iota
	avroBoolean
	avroLong // int too
	avroFloat
	avroDouble
	avroBytes // string too
	avroFixed
	avroEnum
	avroArray
	avroMap
	avroUnion
	avroRecord
)

// An avroNode is a type of the schema, as it is read: a node on the way to a
// field that is wanted is read, any other is skipped.
type avroNode struct {
	kind     avroType
	size     int         // of a fixed
	symbols  [][]byte    // of an enum
	children []*avroNode // fields, branches, or the one element
	// wanted says that there are roles in it or under it.
	wanted  bool
	roles   []int // which the value has
	meaning meaning
}

// avroSchema is a schema compiled for the fields that are wanted.
type avroSchema struct {
	root  *avroNode
	lists bool // the items are in an array
}

// errAvroField says that a file lacks a field that must be there.
type errAvroField struct{ error }

func (e errAvroField) Unwrap() error { return e.error }

// maxAvroDepth is how deep types may be nested, and values.
const maxAvroDepth = 64

// avroCompiler compiles a schema.
type avroCompiler struct {
	names  map[string]*avro.SchemaNode
	skips  map[string]*avroNode // by name: recursive types refer to themselves
	paths  [roles]string
	found  [roles]bool
	fields []string
	err    error
	lists  bool
}

// newAvroSchema compiles a schema. Messages that a queue has a time for need no
// time field.
func newAvroSchema(text []byte, o *Options, timed bool) (*avroSchema, error) {
	parsed, err := avro.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	c := &avroCompiler{
		names: make(map[string]*avro.SchemaNode),
		skips: make(map[string]*avroNode),
		paths: [roles]string{roleTime: o.Time, roleItem: o.Item, roleSegment: o.Segment, roleWeight: o.Weight},
	}
	root := parsed.Root()
	c.define(root, 0)
	s := &avroSchema{root: c.compile(root, "", "", 0, false), lists: c.lists}
	for role, name := range [...]string{"time", "item"} {
		if !c.found[role] && (role != roleTime || !timed) {
			c.fields = nil
			c.list(root, "", "", 0)
			c.fail("no %s field %q; fields: %s", name, c.paths[role], limited(c.fields))
		}
	}
	return s, c.err
}

func (c *avroCompiler) fail(format string, args ...any) {
	c.err = errAvroField{errors.Join(c.err, fmt.Errorf(format, args...))}
}

// fullName is the name of a named type; its namespace is resolved.
func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

// spaceIn is the namespace inside of a type.
func spaceIn(n *avro.SchemaNode, space string) string {
	if n.Name == "" {
		return space
	}
	name := fullName(n)
	return name[:max(strings.LastIndexByte(name, '.'), 0)]
}

// define notes the named types.
func (c *avroCompiler) define(n *avro.SchemaNode, depth int) {
	if depth > maxAvroDepth {
		return
	}
	if n.Name != "" {
		c.names[fullName(n)] = n
	}
	for i := range n.Fields {
		c.define(&n.Fields[i].Type, depth+1)
	}
	for i := range n.Branches {
		c.define(&n.Branches[i], depth+1)
	}
	for _, sub := range []*avro.SchemaNode{n.Items, n.Values} {
		if sub != nil {
			c.define(sub, depth+1)
		}
	}
}

var avroTypes = map[string]avroType{
	atype.Null: avroNull, atype.Boolean: avroBoolean, atype.Int: avroLong, atype.Long: avroLong,
	atype.Float: avroFloat, atype.Double: avroDouble, atype.String: avroBytes, atype.Bytes: avroBytes,
	atype.Record: avroRecord, atype.Error: avroRecord, atype.Enum: avroEnum, atype.Array: avroArray,
	atype.Map: avroMap, atype.Union: avroUnion, atype.Fixed: avroFixed,
}

// resolve returns the definition that a node refers to.
func (c *avroCompiler) resolve(n *avro.SchemaNode, space string) *avro.SchemaNode {
	if _, ok := avroTypes[n.Type]; ok {
		return n
	}
	if d := c.names[space+"."+n.Type]; d != nil && !strings.Contains(n.Type, ".") {
		return d
	}
	return c.names[n.Type]
}

// compile compiles the type of the field at path.
func (c *avroCompiler) compile(n *avro.SchemaNode, path, space string, depth int, inList bool) *avroNode {
	if n = c.resolve(n, space); n == nil || depth > maxAvroDepth {
		c.err = errors.Join(c.err, errors.New("schema: a type is missing or too deep"))
		return &avroNode{}
	}
	if !c.leads(path) {
		return c.skip(n, space, depth)
	}
	out := &avroNode{kind: avroTypes[n.Type], size: n.Size, wanted: true}
	space = spaceIn(n, space)
	switch out.kind {
	case avroRecord:
		for i := range n.Fields {
			sub := dotted(path, n.Fields[i].Name)
			out.children = append(out.children, c.compile(&n.Fields[i].Type, sub, space, depth+1, inList))
		}
	case avroUnion:
		for i := range n.Branches {
			out.children = append(out.children, c.compile(&n.Branches[i], path, space, depth+1, inList))
		}
	case avroArray:
		out.children = append(out.children, c.compile(n.Items, path, space, depth+1, true))
		c.array(path, inList)
	case avroMap:
		return c.skip(n, space, depth)
	default:
		c.leaf(out, n, path)
	}
	return out
}

// leads says whether something is wanted at path or under it.
func (c *avroCompiler) leads(path string) bool {
	for _, p := range c.paths {
		if p != "" && (path == "" || p == path || strings.HasPrefix(p, path+".")) {
			return true
		}
	}
	return false
}

// array notes that what is under path comes in lists: only items may.
func (c *avroCompiler) array(path string, inList bool) {
	for role, p := range c.paths {
		if p == "" || p != path && !strings.HasPrefix(p, path+".") {
			continue
		}
		switch {
		case role != roleItem:
			c.fail("the field %q is in an array", p)
		case inList:
			c.fail("the item field %q is an array of arrays", p)
		}
		c.lists = c.lists || role == roleItem
	}
}

// leaf gives a value its roles.
func (c *avroCompiler) leaf(out *avroNode, n *avro.SchemaNode, path string) {
	out.meaning = avroMeaning(n)
	for _, symbol := range n.Symbols {
		out.symbols = append(out.symbols, []byte(symbol))
	}
	for role, p := range c.paths {
		if p != path {
			continue
		}
		if out.meaning == otherValue {
			c.fail("the field %q is of a type that cannot be one: %s", p, n.LogicalType)
		}
		out.roles = append(out.roles, role)
		c.found[role] = c.found[role] || out.kind != avroNull
	}
}

// list lists the fields that hold values, for a person.
func (c *avroCompiler) list(n *avro.SchemaNode, path, space string, depth int) {
	const deepest, most = 8, 64
	if n = c.resolve(n, space); n == nil || depth > deepest || len(c.fields) > most {
		return
	}
	space = spaceIn(n, space)
	switch avroTypes[n.Type] {
	case avroRecord:
		for i := range n.Fields {
			c.list(&n.Fields[i].Type, dotted(path, n.Fields[i].Name), space, depth+1)
		}
	case avroUnion:
		for i := range n.Branches {
			c.list(&n.Branches[i], path, space, depth+1)
		}
	case avroArray:
		c.list(n.Items, path, space, depth+1)
	case avroNull, avroMap:
	default:
		if !slices.Contains(c.fields, path) {
			c.fields = append(c.fields, path)
		}
	}
}

func avroMeaning(n *avro.SchemaNode) meaning {
	switch n.LogicalType {
	case atype.TimestampMillis, atype.LocalTimestampMillis:
		return millisValue
	case atype.TimestampMicros, atype.LocalTimestampMicros:
		return microsValue
	case atype.TimestampNanos, atype.LocalTimestampNanos:
		return nanosValue
	case atype.Date:
		return daysValue
	case atype.TimeMillis, atype.TimeMicros, atype.Decimal, "duration":
		return otherValue
	}
	return plainValue
}

// skip compiles a type whose values nobody wants.
func (c *avroCompiler) skip(n *avro.SchemaNode, space string, depth int) *avroNode {
	if n = c.resolve(n, space); n == nil || depth > maxAvroDepth {
		c.err = errors.Join(c.err, errors.New("schema: a type is missing or too deep"))
		return &avroNode{}
	}
	name := ""
	if n.Name != "" {
		name = fullName(n)
		if done := c.skips[name]; done != nil {
			return done
		}
	}
	space = spaceIn(n, space)
	out := &avroNode{kind: avroTypes[n.Type], size: n.Size}
	if name != "" {
		c.skips[name] = out
	}
	for i := range n.Fields {
		out.children = append(out.children, c.skip(&n.Fields[i].Type, space, depth+1))
	}
	for i := range n.Branches {
		out.children = append(out.children, c.skip(&n.Branches[i], space, depth+1))
	}
	for _, sub := range []*avro.SchemaNode{n.Items, n.Values} {
		if sub != nil {
			out.children = append(out.children, c.skip(sub, space, depth+1))
		}
	}
	return out
}
