package format

import (
	"io"

	"crest/block"
)

// brokenUnit stands for a file that cannot be read at all.
type brokenUnit struct {
	source string
	size   int64
	err    error
}

// brokenContainer has one brokenUnit, which belongs to the file's first range.
type brokenContainer struct{ unit *brokenUnit }

func brokenFile(source string, size, start int64, err error) Container {
	if start > 0 {
		return &brokenContainer{}
	}
	return &brokenContainer{unit: &brokenUnit{source: source, size: size, err: err}}
}

// Next implements Container.
func (c *brokenContainer) Next() (Unit, error) {
	if c.unit == nil {
		return nil, io.EOF
	}
	u := c.unit
	c.unit = nil
	return u, nil
}

// Start implements Unit.
func (u *brokenUnit) Start() int64 { return 0 }

// Decode implements Unit.
func (u *brokenUnit) Decode(emit func(block.Block) bool) error {
	b := block.Block{Source: u.source, Bytes: u.size, Records: 1}
	b.Reject(0, block.Truncated, u.err.Error(), nil)
	emit(b)
	return nil
}
