package kafka

import "slices"

// decodeAll decodes chunks until the consumer is closed.
func (c *consumer) decodeAll() {
	for ch := c.next(); ch != nil; ch = c.next() {
		for {
			more, err := ch.assembler.step(c.ctx)
			if !c.decoded(ch, more, err) {
				break
			}
		}
	}
}

// next waits for a chunk to decode; nil when the consumer is closed.
func (c *consumer) next() *chunk {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ctx.Err() == nil {
		c.work = slices.DeleteFunc(c.work, func(ch *chunk) bool { return ch.p.gone })
		if i := slices.IndexFunc(c.work, (*chunk).wanted); i >= 0 {
			ch := c.work[i]
			c.work = slices.Delete(c.work, i, i+1)
			return ch
		}
		c.changed.Wait()
	}
	return nil
}

// wanted says whether a chunk should be decoded further: its partition has room,
// or waits for this very chunk.
func (ch *chunk) wanted() bool {
	p := ch.p
	return p.bytes < p.c.share() || len(p.chunks) > 0 && p.chunks[0] == ch && len(ch.pieces) == 0
}

// decoded takes what a step has made. It says whether to go on.
func (c *consumer) decoded(ch *chunk, more bool, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := ch.p
	made := ch.assembler.ready()
	for i := range made {
		p.bytes += made[i].size()
	}
	ch.pieces = append(ch.pieces, made...)
	if len(made) > 0 {
		p.notify()
	}
	switch {
	case err != nil:
		p.stop(err)
		return false
	case !more:
		p.bytes -= ch.size
		ch.done, ch.assembler = true, nil
		if len(ch.pieces) == 0 {
			p.chunks = slices.DeleteFunc(p.chunks, func(other *chunk) bool { return other == ch })
		}
		p.notify()
		c.changed.Broadcast()
		return false
	case p.gone:
		return false
	case !ch.wanted():
		c.work = slices.Insert(c.work, 0, ch)
		return false
	}
	return true
}
