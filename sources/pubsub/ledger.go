package pubsub

import "time"

// A ledger holds the messages of a process against a restriction: which are
// leased, which of them are counted, and which may be acknowledged.
//
// It is in line with the restriction that its last bundle leaves behind. When
// another one is resumed, as after a bundle that failed, it adopts that one, and
// what the restriction has not counted it gives back.
type ledger struct {
	cfg        Config
	leases     map[messageID]*lease
	bytes      int64 // of the messages leased
	counted    map[messageID]uint64
	bundles    map[uint64]*progress
	tip        uint64      // the last bundle that counted something
	due        []messageID // to be acknowledged
	duplicates int64       // deliveries that were dropped, since they were last asked for
}

// A lease is the right to a message, for a time.
type lease struct {
	ackID   string
	until   time.Time
	size    int64
	bundle  uint64 // that counted the message; 0 where none has
	sending bool   // an acknowledgement is on its way
}

// progress is how far the messages of a bundle are acknowledged.
type progress struct {
	committed time.Time // when it was first known to be; zero before
	due       bool      // its messages may be acknowledged
	leased    int       // how many of its messages are leased
	waiting   []messageID
}

func newLedger(cfg Config) ledger {
	return ledger{cfg: cfg, leases: make(map[messageID]*lease), counted: make(map[messageID]uint64), bundles: make(map[uint64]*progress)}
}

// full says whether no more messages are to be leased.
func (l *ledger) full() bool {
	return len(l.leases) >= l.cfg.MaxMessages || l.bytes >= l.cfg.MaxBytes
}

// lend notes that a message was delivered. It is fresh where it has to be
// counted; a message known before is leased anew.
func (l *ledger) lend(id messageID, ackID string, size int64, now time.Time) (fresh bool) {
	until := now.Add(l.cfg.Lease)
	if held := l.leases[id]; held != nil {
		l.duplicates++
		held.ackID, held.until = ackID, until
		return false
	}
	held := &lease{ackID: ackID, until: until, size: size}
	l.leases[id] = held
	l.bytes += size
	if bundle, ok := l.counted[id]; ok {
		l.duplicates++
		l.wait(id, held, bundle)
		return false
	}
	return true
}

// wait has a leased message of a bundle acknowledged when the bundle may be.
func (l *ledger) wait(id messageID, held *lease, bundle uint64) {
	p := l.bundles[bundle]
	held.bundle = bundle
	p.leased++
	if p.due {
		l.due = append(l.due, id)
	} else {
		p.waiting = append(p.waiting, id)
	}
}

// resume takes up a restriction, of which all bundles are committed. It returns
// what is to be given back, and whether the ledger was out of line: then
// nothing that was delivered before and is not counted may be any more.
func (l *ledger) resume(r restriction, now time.Time) (giveBack []string, parted bool, err error) {
	if parted = !l.inLine(r); parted {
		if giveBack, err = l.adopt(r); err != nil {
			return nil, true, err
		}
	}
	for i := range r.Bundles {
		p := l.bundles[r.Bundles[i].ID]
		if p.committed.IsZero() {
			p.committed = now
		}
		if !p.due && now.Sub(p.committed) >= l.cfg.AckAfter {
			p.due = true
			l.due = append(l.due, p.waiting...)
			p.waiting = nil
		}
	}
	return giveBack, parted, nil
}

func (l *ledger) inLine(r restriction) bool {
	if r.Tip != l.tip {
		return false
	}
	for i := range r.Bundles {
		if l.bundles[r.Bundles[i].ID] == nil {
			return false
		}
	}
	return true
}

// adopt forgets what was counted beside the restriction.
func (l *ledger) adopt(r restriction) (giveBack []string, err error) {
	leases := l.leases
	*l = ledger{
		cfg: l.cfg, tip: r.Tip, duplicates: l.duplicates,
		leases: make(map[messageID]*lease), counted: make(map[messageID]uint64), bundles: make(map[uint64]*progress),
	}
	for _, b := range r.Bundles {
		ids, err := decodeIDs(b.IDs)
		if err != nil {
			return nil, err
		}
		l.bundles[b.ID] = &progress{}
		for _, id := range ids {
			l.counted[id] = b.ID
		}
	}
	for id, held := range leases {
		bundle, ok := l.counted[id]
		if !ok {
			giveBack = append(giveBack, held.ackID)
			continue
		}
		held.sending = false
		l.leases[id] = held
		l.bytes += held.size
		l.wait(id, held, bundle)
	}
	return giveBack, nil
}

// claim notes that a bundle counts messages, which are leased.
func (l *ledger) claim(bundle uint64, ids []messageID) {
	if l.bundles[bundle] == nil {
		l.bundles[bundle] = &progress{}
	}
	l.tip = bundle
	for _, id := range ids {
		l.counted[id] = bundle
		l.wait(id, l.leases[id], bundle)
	}
}

// forget forgets bundles of a restriction whose messages are acknowledged and
// will hardly be delivered again: the oldest, by time and by number. It returns
// which.
func (l *ledger) forget(r restriction, now time.Time) (forgotten map[uint64]bool, err error) {
	remembered := 0
	for i := range r.Bundles {
		remembered += r.Bundles[i].Count
	}
	for _, b := range r.Bundles {
		old := remembered > l.cfg.RememberIDs || now.Sub(b.At) > l.cfg.Remember
		if p := l.bundles[b.ID]; !old || !p.due || p.leased > 0 {
			continue
		}
		ids, err := decodeIDs(b.IDs)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			delete(l.counted, id)
		}
		delete(l.bundles, b.ID)
		remembered -= b.Count
		if forgotten == nil {
			forgotten = make(map[uint64]bool)
		}
		forgotten[b.ID] = true
	}
	return forgotten, nil
}

// An ack is an acknowledgement on its way.
type ack struct {
	id    messageID
	ackID string
}

// take takes up to n messages that are to be acknowledged, of at most so many
// bytes of ack ids.
func (l *ledger) take(n, bytes int) (acks []ack) {
	for i, id := range l.due {
		held := l.leases[id]
		if held == nil || held.sending {
			continue
		}
		if bytes -= len(held.ackID); len(acks) == n || bytes < 0 && len(acks) > 0 {
			l.due = l.due[i:]
			return acks
		}
		held.sending = true
		acks = append(acks, ack{id, held.ackID})
	}
	l.due = nil
	return acks
}

// settle ends the lease of a message that was acknowledged, or whose lease is
// lost. Where it was leased again meanwhile, or is to be tried again, it is due.
func (l *ledger) settle(a ack, again bool) {
	held := l.leases[a.id]
	if held == nil || held.bundle == 0 {
		return
	}
	held.sending = false
	if again || held.ackID != a.ackID {
		l.due = append(l.due, a.id)
		return
	}
	delete(l.leases, a.id)
	l.bytes -= held.size
	l.bundles[held.bundle].leased--
}

// giveBack ends the leases of all messages that are not counted.
func (l *ledger) giveBack() (ackIDs []string) {
	for id, held := range l.leases {
		if held.bundle == 0 {
			ackIDs = append(ackIDs, held.ackID)
			delete(l.leases, id)
			l.bytes -= held.size
		}
	}
	return ackIDs
}

// leased returns the leases that end before a time.
func (l *ledger) leased(before time.Time) (ackIDs []string, leases []*lease) {
	for _, held := range l.leases {
		if held.until.Before(before) {
			ackIDs = append(ackIDs, held.ackID)
			leases = append(leases, held)
		}
	}
	return ackIDs, leases
}
