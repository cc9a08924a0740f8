package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"crest/block"
	"crest/sources/format"
)

const (
	// maxRecord is the longest record that is read, in bytes.
	maxRecord = 16 << 20
	// slack is read beyond a piece's end in the hope that the record which
	// crosses it ends there.
	slack = 4 << 10
)

// A framing tells where records end.
type framing interface {
	// reach tells how many bytes of data are whole records, at least up to the
	// record that holds data[want-1]; 0 where more must be read.
	reach(data []byte, want int) int
	// whole tells how many bytes of data are whole records.
	whole(data []byte) int
}

// lines frames records that end with a newline, whatever is in them.
type lines struct{}

func (lines) reach(data []byte, want int) int {
	if i := bytes.IndexByte(data[want-1:], '\n'); i >= 0 {
		return want + i
	}
	return 0
}

func (lines) whole(data []byte) int { return bytes.LastIndexByte(data, '\n') + 1 }

// quoted frames CSV, whose quoted cells may hold newlines. It cuts where it can,
// not where it is asked to.
type quoted struct{}

func (quoted) reach(data []byte, _ int) int { return format.CutCSV(data) }

func (quoted) whole(data []byte) int { return format.CutCSV(data) }

// cutter cuts a stream of text into pieces at multiples of size: a piece holds
// the records whose first byte lies in [off, off+size). With lines the pieces
// depend on nothing but the stream, so ranges of a file that are read apart,
// each by its own cutter, hold each record once.
type cutter struct {
	r       io.Reader
	size    int64
	framing framing

	off   int64  // the next piece's start
	at    int64  // the place of rest[0] in the stream
	rest  []byte // read, not yet given out
	mid   bool   // rest begins within a record that is not given out
	eof   bool
	fault error // the errStream that ended the stream
}

// A piece is the records that start in one stretch of a text stream.
type piece struct {
	start  int64       // where the stretch starts: a multiple of the cutter's size
	room   *block.Room // where data stands; nil where there is none
	data   []byte      // whole records; its spare capacity belongs to it
	offset int64       // where data starts
	// rejects are what could not be made a record: too long, or cut off.
	rejects []block.Reject
}

func (p *piece) reject(offset int64, reason block.Reason, detail string, raw []byte) {
	raw = bytes.Clone(raw[:min(len(raw), block.MaxRejectRaw)])
	p.rejects = append(p.rejects, block.Reject{Offset: offset, Reason: reason, Detail: detail, Raw: raw, Count: 1})
}

// newCutter cuts the pieces that start at or after start, a multiple of size. r
// is at start-1, or at 0 where start is 0.
func newCutter(r io.Reader, start, size int64, f framing) *cutter {
	c := &cutter{r: r, size: size, framing: f, off: start}
	if start > 0 {
		c.at, c.mid = start-1, true
	}
	return c
}

// next returns the next piece. It may hold no record, as do all behind the end
// of the stream.
func (c *cutter) next() (*piece, error) {
	p := &piece{start: c.off, offset: c.off}
	c.off += c.size
	if c.at >= c.off || c.done() {
		return p, nil // within a record that started before, or behind the last
	}
	limit := int(c.off - c.at)
	room, buf := block.NewRoom(int(c.size + c.size/32 + slack))
	p.room = room
	buf, err := c.fill(append(buf, c.rest...), limit+slack)
	if err != nil {
		return nil, err
	}
	first := 0
	if c.mid {
		i := bytes.IndexByte(buf[:min(len(buf), limit-1)], '\n')
		if i < 0 {
			// No record starts in this piece. The byte before the next one tells
			// whether one starts there.
			c.keep(buf, min(len(buf), limit-1))
			c.end(p)
			return p, nil
		}
		first, c.mid = i+1, false
	}
	if err := c.take(p, buf, first, limit); err != nil {
		return nil, err
	}
	c.end(p)
	return p, nil
}

// done says that the stream has been given out.
func (c *cutter) done() bool { return c.eof && len(c.rest) == 0 && c.fault == nil }

// take gives out the records of buf[first:] that start before limit.
func (c *cutter) take(p *piece, buf []byte, first, limit int) error {
	p.offset = c.at + int64(first)
	for {
		n := 0
		if len(buf) >= limit {
			n = c.framing.reach(buf[first:], limit-first)
		}
		if n == 0 && c.eof {
			n = len(buf) - first
		}
		// A record that is too long is the last one: the one that crosses limit.
		seen := buf[first:]
		if n > 0 {
			seen = buf[first : first+n-1]
		}
		if len(seen) > maxRecord {
			if before := c.framing.whole(seen); len(seen)-before > maxRecord {
				c.tooBig(p, buf, first, before)
				return nil
			}
		}
		if n > 0 || c.eof {
			p.data = buf[first : first+n]
			c.keep(buf, first+n)
			return nil
		}
		var err error
		if buf, err = c.fill(buf, len(buf)+max(len(buf)/2, slack)); err != nil {
			return err
		}
	}
}

// tooBig gives out the n bytes of records before one that is too long, rejects
// that one, and has the next piece go on behind its first newline.
func (c *cutter) tooBig(p *piece, buf []byte, first, n int) {
	last := first + n
	p.data = buf[first:last:last]
	p.reject(c.at+int64(last), block.RecordTooBig, fmt.Sprintf("over %d MiB", maxRecord>>20), buf[last:])
	c.keep(buf, last)
	c.mid = true
}

// keep leaves buf[n:] to the next piece.
func (c *cutter) keep(buf []byte, n int) {
	c.at += int64(n)
	c.rest = append(c.rest[:0], buf[n:]...)
}

// end completes the last piece of a stream that is corrupt: the record that was
// cut off is not one.
func (c *cutter) end(p *piece) {
	if c.fault == nil || len(c.rest) > 0 {
		return
	}
	n := c.framing.whole(p.data)
	p.reject(c.at-int64(len(p.data)-n), block.Truncated, c.fault.Error(), p.data[n:])
	p.data = p.data[:n]
	c.fault = nil
}

// fill reads until buf has n bytes or the stream ends.
func (c *cutter) fill(buf []byte, n int) ([]byte, error) {
	if n > cap(buf) {
		buf = append(make([]byte, 0, n+slack), buf...)
	}
	for len(buf) < n && !c.eof {
		m, err := c.r.Read(buf[len(buf):n])
		buf = buf[:len(buf)+m]
		var broken *errStream
		switch {
		case err == io.EOF:
			c.eof = true
		case errors.As(err, &broken):
			c.eof, c.fault = true, err
		case err != nil:
			return buf, err
		}
	}
	return buf, nil
}
