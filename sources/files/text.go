package files

import (
	"errors"
	"io"

	"crest/block"
	"crest/sources/format"
	"crest/storage"
)

// textReader reads text: a range of a plain file, or a whole stream.
type textReader struct {
	file    File
	object  storage.Object
	body    io.ReadCloser
	stream  *stream // nil where the file is plain
	cutter  *cutter
	decoder format.Decoder // nil where the file holds no header, so no records
	end     int64          // of the range
	done    int64          // how many stored bytes are accounted for
}

// textUnit is a piece of text.
type textUnit struct {
	*piece
	r     *textReader
	at    int64 // the position to claim
	bytes int64 // stored bytes
}

func (u *textUnit) start() int64 { return u.at }

func (u *textUnit) decode(emit func(block.Block) bool) error {
	var b block.Block
	if u.room != nil {
		b = u.room.Block(u.data)
	}
	b.Source, b.Bytes = u.r.file.Path, u.bytes
	if len(u.data) > 0 && u.r.decoder != nil {
		u.r.decoder.Decode(&b, u.offset)
	}
	b.Records += int64(len(u.rejects))
	b.Rejects = append(b.Rejects, u.rejects...)
	if b.Bytes > 0 || b.Records > 0 {
		emit(b)
	}
	return nil
}

func (r *textReader) next() (unit, error) {
	over := r.stream != nil || r.cutter.off >= r.end
	if r.file.Whole {
		over = over && r.cutter.done()
	}
	if over {
		return nil, io.EOF
	}
	p, err := r.cutter.next()
	if err != nil {
		return nil, err
	}
	from, to := p.start, p.start+r.cutter.size
	if r.stream != nil {
		from, to = r.done, r.stream.stored.n.Load()
		if r.cutter.done() {
			to = r.file.Size
		}
	}
	r.done = min(to, r.file.Size)
	return &textUnit{piece: p, r: r, at: min(from, r.end-1), bytes: max(r.done-from, 0)}, nil
}

func (r *textReader) close() error {
	if r.stream != nil {
		r.stream.Close()
	}
	return errors.Join(r.body.Close(), r.object.Close())
}
