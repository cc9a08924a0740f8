package pubsub

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crest/seedtest"
)

// TestLedger plays a subscription, a runner and processes that die at random. A
// message is in no two committed bundles, what is acknowledged is committed, and
// in the end each message is both.
func TestLedger(t *testing.T) {
	r := seedtest.Rand(t)
	for range 100 {
		p := newPlay(t, r)
		for range 300 {
			p.step()
		}
		p.settle()
		if t.Failed() {
			return
		}
	}
}

// A play is a subscription of messages, with a runner's only restriction.
type play struct {
	*testing.T
	r         *rand.Rand
	now       time.Time
	cfg       Config
	ledger    ledger
	rest      restriction          // as it was committed last
	committed map[messageID]int    // how often each was counted
	acked     map[messageID]bool   // at the server
	messages  []messageID          // all that were ever published
	current   map[messageID]string // the ack id of the last delivery
	queue     []messageID          // delivered, fresh
	sent      []ack                // on their way
	delivered int
}

func newPlay(t *testing.T, r *rand.Rand) *play {
	cfg := Config{AckAfter: time.Duration(r.IntN(2)) * 3 * time.Second, Remember: time.Hour, RememberIDs: 1 << 20}.orDefaults()
	return &play{
		T: t, r: r, cfg: cfg, now: time.Now(), ledger: newLedger(cfg),
		committed: make(map[messageID]int), acked: make(map[messageID]bool), current: make(map[messageID]string),
	}
}

func (p *play) step() {
	p.now = p.now.Add(time.Duration(p.r.IntN(1000)) * time.Millisecond)
	switch p.r.IntN(10) {
	case 0, 1, 2:
		for range p.r.IntN(5) {
			p.messages = append(p.messages, parseID(fmt.Sprint(1000+len(p.messages))))
			p.deliver(p.messages[len(p.messages)-1])
		}
	case 3: // once more
		if len(p.messages) > 0 {
			p.deliver(p.messages[p.r.IntN(len(p.messages))])
		}
	case 4, 5, 6:
		p.bundle(p.r.IntN(5) > 0)
	case 7:
		p.sent = append(p.sent, p.ledger.take(1+p.r.IntN(4), 1000)...)
	case 8:
		p.answer()
	case 9:
		if p.r.IntN(10) == 0 { // another process
			p.ledger, p.queue, p.sent = newLedger(p.cfg), nil, nil
		}
	}
}

// deliver delivers a message that is not acknowledged, or that was: it happens.
func (p *play) deliver(id messageID) {
	p.delivered++
	p.current[id] = fmt.Sprint(id.number, ":", p.delivered)
	if p.ledger.lend(id, p.current[id], 10, p.now) {
		p.queue = append(p.queue, id)
	}
}

// bundle resumes the restriction and counts some messages.
func (p *play) bundle(commits bool) {
	_, parted, err := p.ledger.resume(p.rest, p.now)
	if err != nil {
		p.Fatal(err)
	}
	if parted {
		p.queue = nil
	}
	rt := newTracker(p.rest)
	id := 1 + p.r.Uint64N(1<<62)
	n := p.r.IntN(len(p.queue) + 1)
	if n > 0 {
		p.ledger.claim(id, p.queue[:n])
		rt.TryClaim(claim(append([]messageID(nil), p.queue[:n]...)))
	}
	counted := p.queue[:n]
	p.queue = p.queue[n:]
	forget, err := p.ledger.forget(p.rest, p.now)
	if err != nil {
		p.Fatal(err)
	}
	if !commits {
		return
	}
	rt.TryClaim(finish{bundle: id, at: p.now, forget: forget})
	_, residual, _ := rt.TrySplit(0)
	p.rest = residual.(restriction)
	for _, m := range counted {
		if p.committed[m]++; p.committed[m] > 1 {
			p.Errorf("message %v is in %d committed bundles", m, p.committed[m])
		}
	}
}

// answer answers an acknowledgement, or loses it.
func (p *play) answer() {
	if len(p.sent) == 0 {
		return
	}
	a := p.sent[0]
	p.sent = p.sent[1:]
	if p.committed[a.id] == 0 {
		p.Errorf("message %v is acknowledged, and not committed", a.id)
	}
	if lost := p.r.IntN(4) == 0; lost {
		p.ledger.settle(a, true)
		return
	}
	p.acked[a.id] = p.acked[a.id] || a.ackID == p.current[a.id]
	p.ledger.settle(a, false)
}

// settle has all that is left delivered, counted and acknowledged.
func (p *play) settle() {
	for range 3 {
		for _, id := range p.messages {
			if !p.acked[id] {
				p.deliver(id)
			}
		}
		for range 10 {
			p.bundle(true)
			p.now = p.now.Add(p.cfg.AckAfter)
			p.sent = append(p.sent, p.ledger.take(1000, 1<<20)...)
			for len(p.sent) > 0 {
				p.answer()
			}
		}
	}
	for _, id := range p.messages {
		if p.committed[id] != 1 || !p.acked[id] {
			p.Errorf("message %v: counted %d times, acknowledged %v", id, p.committed[id], p.acked[id])
		}
	}
	if len(p.ledger.leases) > 0 || p.ledger.bytes != 0 {
		p.Errorf("%d leases of %d bytes are left", len(p.ledger.leases), p.ledger.bytes)
	}
}

// TestForget checks that ids are bounded by number and by time, and that those of
// messages which are not acknowledged stay.
func TestForget(t *testing.T) {
	cfg := Config{Remember: time.Minute, RememberIDs: 10}.orDefaults()
	l, now, rest := newLedger(cfg), time.Now(), restriction{}
	next := 1
	bundle := func(n int, commit bool) {
		t.Helper()
		if _, _, err := l.resume(rest, now); err != nil {
			t.Fatal(err)
		}
		for _, a := range l.take(100, 1000) {
			if a.id.number != 3 { // whose acknowledgement gets lost
				l.settle(a, false)
			}
		}
		rt := newTracker(rest)
		var ids []messageID
		for range n {
			id := parseID(fmt.Sprint(next))
			l.lend(id, "a", 1, now)
			ids = append(ids, id)
			next++
		}
		if n > 0 {
			l.claim(uint64(next), ids)
			rt.TryClaim(claim(ids))
		}
		forget, err := l.forget(rest, now)
		if err != nil {
			t.Fatal(err)
		}
		rt.TryClaim(finish{bundle: uint64(next), at: now, forget: forget})
		_, residual, _ := rt.TrySplit(0)
		rest = residual.(restriction)
	}
	for range 10 {
		bundle(4, true)
		now = now.Add(time.Second)
	}
	bundle(0, true)
	counts := 0
	for _, b := range rest.Bundles {
		counts += b.Count
	}
	if counts > 4+10 || rest.Bundles[0].Count != 4 || len(l.counted) != counts {
		t.Errorf("%d ids remembered, %d in the restriction: %+v", len(l.counted), counts, rest.Bundles)
	}
	if l.lend(parseID("3"), "again", 1, now) || l.lend(parseID("39"), "again", 1, now) {
		t.Error("a message that was counted is fresh")
	}
	now = now.Add(2 * time.Minute)
	l.settle(ack{parseID("3"), "again"}, false)
	bundle(0, true)
	bundle(0, true)
	if len(rest.Bundles) != 0 || len(l.counted) != 0 || len(l.bundles) != 0 {
		t.Errorf("after a while there are %+v, %d ids", rest.Bundles, len(l.counted))
	}
}
