package transforms

import (
	"time"

	"crest/block"
	"crest/table"
)

// lateKey is what late records are added up by.
type lateKey struct {
	source, segment string
	offset, pane    int64
}

// closedBefore returns the event time before which panes were closed when the
// watermark was there: records of before it are late. 0 where none is. All are
// in milliseconds.
func closedBefore(watermark, pane, lateness int64) int64 {
	if watermark -= lateness; watermark <= 0 || pane <= 0 {
		return 0
	}
	return watermark - watermark%pane
}

// addLate adds up the late records of a block, and returns how many there are.
func (fn *auditFn) addLate(b *block.Block) (late int64) {
	closed := closedBefore(b.Watermark, fn.Pane, fn.Lateness)
	if closed == 0 {
		return 0
	}
	row := 0
	for i := range b.Messages {
		m := &b.Messages[i]
		first := row
		row += int(m.Rows)
		if m.Rejected || m.Time >= closed {
			continue
		}
		late++
		fn.noteLate(b, m, first)
	}
	return late
}

// noteLate adds a late message, whose rows begin with the given one, to the rows
// of the table late. When a bundle has very many, they are added to one of all
// segments.
func (fn *auditFn) noteLate(b *block.Block, m *block.Message, row int) {
	key := lateKey{source: b.Source, offset: b.From, pane: m.Time - m.Time%fn.Pane}
	if m.Rows > 0 && b.Segments != nil {
		key.segment = string(b.Text(b.Segments[row]))
	}
	l, ok := fn.late[key]
	if !ok && len(fn.late) >= maxRows {
		key.segment, key.pane = OverflowSegment, 0
		l, ok = fn.late[key]
	}
	if !ok {
		l = table.Late{
			Job: fn.Label.Job, Run: fn.Label.Run, Source: b.Source, Offset: b.From, Segment: key.segment,
			WindowStart: table.Time(key.pane), WindowEnd: table.Time(key.pane + fn.Pane), WindowSeconds: fn.Pane / 1000,
			WrittenAt: table.TimeOf(time.Now()),
		}
	}
	l.Count++
	for i := row; i < row+int(m.Rows); i++ {
		if b.Weights == nil {
			l.Weight++
		} else {
			l.Weight += b.Weights[i]
		}
	}
	l.BehindSeconds = max(l.BehindSeconds, (b.Watermark-m.Time)/1000)
	fn.late[key] = l
}
