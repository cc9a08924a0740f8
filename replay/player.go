package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A player sends the events of one Run.
type player struct {
	Config
	sink     Sink
	progress *Progress
	pacer    pacer
	time     field
	key      field
	arena    arena
}

// errLimit ends a replay that has sent as many events as were asked for.
var errLimit = errors.New("the limit is reached")

func (p *player) play(ctx context.Context) error {
	for {
		before := p.progress.Records()
		p.pacer.restart()
		for _, path := range p.Files {
			err := p.file(ctx, path)
			if errors.Is(err, errLimit) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		p.progress.passes.Add(1)
		if !p.Loop {
			return nil
		}
		if p.progress.Records() == before {
			return errors.New("there are no events in the files: there is nothing to play again and again")
		}
	}
}

// file sends the events of one file.
func (p *player) file(ctx context.Context, path string) error {
	in, err := openFile(path)
	if err != nil {
		return err
	}
	defer in.Close()
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.event(ctx, line); err != nil {
			if errors.Is(err, errLimit) || ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("playing %s, line %d: %w", path, in.line, err)
		}
	}
}

// event sends one event when it is due.
func (p *player) event(ctx context.Context, line []byte) error {
	if p.Limit > 0 && p.progress.Records() >= p.Limit {
		return errLimit
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	value, err := p.timed(ctx, line)
	if err != nil {
		return err
	}
	if err := p.sink.Send(ctx, p.key.text(value), value); err != nil {
		return err
	}
	p.progress.records.Add(1)
	p.progress.bytes.Add(int64(len(value)))
	return nil
}

// timed waits until the event is due, and returns it with the time that it is to
// have, in memory that nothing else is written to.
func (p *player) timed(ctx context.Context, line []byte) ([]byte, error) {
	if p.Speed == 0 && !p.Retime {
		return p.arena.copy(line), nil
	}
	where, ok := p.time.find(line)
	var s stamp
	if ok {
		s, ok = parseStamp(line[where.from:where.to])
	}
	if !ok {
		p.progress.untimed.Add(1)
		return p.arena.copy(line), nil
	}
	if err := p.wait(ctx, s.at); err != nil {
		return nil, err
	}
	p.progress.eventTime.Store(s.at.UnixMilli())
	if !p.Retime {
		return p.arena.copy(line), nil
	}
	return p.arena.copy(line[:where.from], s.write(p.pacer.moved(s.at)), line[where.to:]), nil
}

// pauseAfter is what a wait must last to be worth telling the sink.
const pauseAfter = time.Millisecond

// wait waits until an event that happened at that time is due.
func (p *player) wait(ctx context.Context, at time.Time) error {
	wait := p.pacer.wait(at)
	p.progress.lag.Store(int64(max(0, -wait)))
	if wait <= 0 {
		return nil
	}
	if wait >= pauseAfter {
		if err := p.sink.Pause(ctx, wait); err != nil {
			return err
		}
	}
	return p.pacer.clock.sleep(ctx, wait)
}

// An arena copies events into blocks: what is sent lives until it has arrived,
// and an allocation for each event would cost as much as sending it.
type arena struct{ block []byte }

const arenaBlock = 64 << 10

func (a *arena) copy(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > cap(a.block)-len(a.block) {
		a.block = make([]byte, 0, max(n, arenaBlock))
	}
	start := len(a.block)
	for _, p := range parts {
		a.block = append(a.block, p...)
	}
	return a.block[start:len(a.block):len(a.block)]
}
