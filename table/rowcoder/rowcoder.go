// Package rowcoder gives table.Row its Beam coder: the table's ID in one byte,
// then the row's own bytes. Whoever puts rows into a PCollection imports it,
// for its effect.
package rowcoder

import (
	"errors"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/reference"
	"crest/table"
)

func init() {
	t := reflect.TypeFor[table.Row]()
	beam.RegisterType(t)
	// By name, so that a binary without symbols finds them.
	register.Function1x1(encode)
	register.Function1x2(decode)
	beam.RegisterCoder(t, encode, decode)
}

// In one process large rows, as those of sketches, are passed by reference. No
// table's ID is the mark of one.
var references = reference.New[table.Row]()

func encode(r table.Row) []byte {
	if b := references.To(r, len(r.Data)); b != nil {
		return b
	}
	return append(append(make([]byte, 0, 1+len(r.Data)), byte(r.Table)), r.Data...)
}

// decode checks the table only: whoever uses the columns finds out whether
// they are well formed.
func decode(b []byte) (table.Row, error) {
	if r, ok, err := references.Find(b); ok {
		return r, err
	}
	if len(b) == 0 || !table.ID(b[0]).Valid() {
		return table.Row{}, errors.New("decoding a row: no such table")
	}
	return table.Row{Table: table.ID(b[0]), Data: b[1:]}, nil
}
