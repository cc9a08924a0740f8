package kafka

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Kind is a way to say where in a topic.
type Kind string

// The kinds of position.
const (
	EarliestOffset Kind = "earliest"
	LatestOffset   Kind = "latest"  // where the log ends when the job starts
	AtTime         Kind = "time"    // the first record of that time or later
	AtOffsets      Kind = "offsets" // as given for each partition
	Never          Kind = "never"
)

// A Position is a place in each partition of a topic. It becomes offsets once,
// when the job starts.
type Position struct {
	Kind Kind
	// Time is that of AtTime, in milliseconds since the epoch.
	Time int64 `json:",omitempty"`
	// Offsets are those of AtOffsets, by partition. All partitions must be there.
	Offsets map[int32]int64 `json:",omitempty"`
}

// ParseStart reads where to start: earliest, latest, a time in RFC 3339, or
// offsets as PARTITION:OFFSET,…
func ParseStart(s string) (Position, error) {
	switch k := Kind(s); k {
	case EarliestOffset, LatestOffset:
		return Position{Kind: k}, nil
	}
	if p, ok := parsePlace(s); ok {
		return p, nil
	}
	return Position{}, fmt.Errorf("%q is not where to start: earliest, latest, a time as 2026-01-31T23:59:00Z, or offsets as 0:123,1:456", s)
}

// ParseEnd reads where to end: latest, never, a time in RFC 3339, or offsets as
// PARTITION:OFFSET,…, which are the first that are not read.
func ParseEnd(s string) (Position, error) {
	switch k := Kind(s); k {
	case LatestOffset, Never:
		return Position{Kind: k}, nil
	}
	if p, ok := parsePlace(s); ok {
		return p, nil
	}
	return Position{}, fmt.Errorf("%q is not where to end: latest, never, a time as 2026-01-31T23:59:00Z, or offsets as 0:123,1:456", s)
}

func parsePlace(s string) (Position, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Position{Kind: AtTime, Time: t.UnixMilli()}, true
	}
	p := Position{Kind: AtOffsets, Offsets: make(map[int32]int64)}
	for pair := range strings.SplitSeq(s, ",") {
		left, right, _ := strings.Cut(pair, ":")
		id, err := strconv.ParseInt(strings.TrimSpace(left), 10, 32)
		if err != nil || id < 0 {
			return Position{}, false
		}
		offset, err := strconv.ParseInt(strings.TrimSpace(right), 10, 64)
		if err != nil || offset < 0 {
			return Position{}, false
		}
		if _, twice := p.Offsets[int32(id)]; twice {
			return Position{}, false
		}
		p.Offsets[int32(id)] = offset
	}
	return p, true
}

// String is what ParseStart and ParseEnd read.
func (p Position) String() string {
	switch p.Kind {
	case AtTime:
		return time.UnixMilli(p.Time).UTC().Format(time.RFC3339Nano)
	case AtOffsets:
		var pairs []string
		for id, offset := range p.Offsets {
			pairs = append(pairs, fmt.Sprintf("%d:%d", id, offset))
		}
		slices.Sort(pairs)
		return strings.Join(pairs, ",")
	}
	return string(p.Kind)
}
