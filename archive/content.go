package archive

import (
	"bytes"
	"container/heap"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// maxOpen is how many files or chunks are open at once for a merge; of more, some
// are merged before.
const maxOpen = 64

// Content is a file that is ready to be written.
type Content struct {
	// Path is its name below the archive's prefix. It depends on the content only.
	Path string
	// Data is what the file holds: the pieces, one behind another.
	Data [][]byte
	// Records is how many there are.
	Records int64
}

// Size is the size of the file, in bytes.
func (c *Content) Size() (n int64) {
	for _, p := range c.Data {
		n += int64(len(p))
	}
	return n
}

// NewContent makes a file of chunks of one hour of a source, in whatever order they
// are, with each record once.
func (p *Packer) NewContent(source string, f Format, chunks []Chunk) (*Content, error) {
	runs := sequences(chunks)
	for len(runs) > 1 {
		some := runs[:min(len(runs), maxOpen)]
		var merged []Chunk
		if err := p.merge(some, func(c Chunk) { merged = append(merged, c) }); err != nil {
			return nil, err
		}
		runs = append(slices.Clone(runs[len(some):]), merged)
	}
	chunks = runs[0]
	c := &Content{}
	for i := range chunks {
		c.Records += chunks[i].Records
		c.Data = append(c.Data, chunks[i].Frame)
	}
	if f == Parquet {
		data, err := toParquet(chunks)
		if err != nil {
			return nil, err
		}
		c.Data = [][]byte{data}
	}
	hash := xxhash.New()
	for _, p := range c.Data {
		hash.Write(p)
	}
	first, last := chunks[0].First.record(), chunks[len(chunks)-1].Last.record()
	name := fileName{source: Token(source), first: positionOf(&first), last: positionOf(&last), hash: hash.Sum64(), format: f}
	c.Path = chunks[0].Hour.Dir() + "/" + name.String()
	return c, nil
}

// sequences arranges chunks in as few sequences as can be, in each of which every
// chunk is behind the one before.
func sequences(chunks []Chunk) [][]Chunk {
	chunks = slices.Clone(chunks)
	slices.SortFunc(chunks, func(a, b Chunk) int {
		if c := a.First.compare(b.First); c != 0 {
			return c
		}
		if c := a.Last.compare(b.Last); c != 0 {
			return c
		}
		return bytes.Compare(a.Frame, b.Frame)
	})
	var made sequenceHeap
	for _, c := range chunks {
		if len(made) > 0 && made[0][len(made[0])-1].Last.compare(c.First) < 0 {
			made[0] = append(made[0], c)
			heap.Fix(&made, 0)
		} else {
			heap.Push(&made, []Chunk{c})
		}
	}
	return made
}

// sequenceHeap has the sequence first that ends first.
type sequenceHeap [][]Chunk

func (h sequenceHeap) Len() int { return len(h) }
func (h sequenceHeap) Less(i, j int) bool {
	return h[i][len(h[i])-1].Last.compare(h[j][len(h[j])-1].Last) < 0
}
func (h sequenceHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *sequenceHeap) Push(x any)   { *h = append(*h, x.([]Chunk)) }
func (h *sequenceHeap) Pop() any     { panic("a sequence is never taken out") }

// openChunks reads a sequence of chunks. A fault in what was made here is an
// error.
func openChunks(chunks []Chunk, faults Faults) (run, error) {
	frames := make([]io.Reader, len(chunks))
	for i := range chunks {
		frames[i] = bytes.NewReader(chunks[i].Frame)
	}
	return newTextRun("a chunk", io.NopCloser(io.MultiReader(frames...)), nil, faults, &Stats{})
}
