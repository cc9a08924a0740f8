package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// resolve turns the start and the end into offsets: the parts of the topic, by
// partition.
func (c *Config) resolve(ctx context.Context, admin *kadm.Client) ([]Part, error) {
	t, err := c.topic(ctx, admin)
	if err != nil {
		return nil, err
	}
	var parts []Part
	for id := range t.Partitions {
		parts = append(parts, Part{ID: id, End: endless})
	}
	slices.SortFunc(parts, func(a, b Part) int { return int(a.ID - b.ID) })
	logs, err := c.logs(ctx, admin)
	if err != nil {
		return nil, err
	}
	starts, err := c.offsets(ctx, admin, c.Start, logs, parts)
	if err != nil {
		return nil, fmt.Errorf("finding the start: %w", err)
	}
	for i := range parts {
		parts[i].Next = starts[i]
		if log := logs[parts[i].ID]; starts[i] > log.end {
			return nil, fmt.Errorf("reading topic %s: partition %d ends at offset %d, and %d is to be the start", c.Topic, parts[i].ID, log.end, starts[i])
		}
	}
	if !c.Bounded() {
		return parts, nil
	}
	ends, err := c.offsets(ctx, admin, c.End, logs, parts)
	if err != nil {
		return nil, fmt.Errorf("finding the end: %w", err)
	}
	for i := range parts {
		parts[i].End = max(ends[i], parts[i].Next)
		if log := logs[parts[i].ID]; ends[i] > log.end {
			return nil, fmt.Errorf("reading topic %s: partition %d ends at offset %d, and %d is to be the end", c.Topic, parts[i].ID, log.end, ends[i])
		}
	}
	return parts, nil
}

// A span is the offsets [start, end) of a partition's log: up to where it is
// decided what is committed, where that matters.
type logSpan struct{ start, end int64 }

// logs returns what there is of each partition.
func (c *Config) logs(ctx context.Context, admin *kadm.Client) (map[int32]logSpan, error) {
	starts, err := c.list(ctx, admin.ListStartOffsets)
	if err != nil {
		return nil, err
	}
	list := admin.ListCommittedOffsets
	if c.ReadUncommitted {
		list = admin.ListEndOffsets
	}
	ends, err := c.list(ctx, list)
	if err != nil {
		return nil, err
	}
	logs := make(map[int32]logSpan)
	for id, o := range starts {
		logs[id] = logSpan{start: o.Offset, end: ends[id].Offset}
	}
	return logs, nil
}

func (c *Config) list(ctx context.Context, list func(context.Context, ...string) (kadm.ListedOffsets, error)) (map[int32]kadm.ListedOffset, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	listed, err := list(ctx, c.Topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, c.explain("asking for its offsets", err)
	}
	return listed[c.Topic], nil
}

// offsets returns the offset of a position in each part.
func (c *Config) offsets(ctx context.Context, admin *kadm.Client, p Position, logs map[int32]logSpan, parts []Part) ([]int64, error) {
	if p.Kind == AtOffsets && len(p.Offsets) != len(parts) {
		return nil, fmt.Errorf("topic %s has the partitions 0 to %d, and offsets are given of %d: %v", c.Topic, len(parts)-1, len(p.Offsets), p)
	}
	var later map[int32]kadm.ListedOffset
	if p.Kind == AtTime {
		var err error
		later, err = c.list(ctx, func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, p.Time, topics...)
		})
		if err != nil {
			return nil, err
		}
	}
	offsets := make([]int64, len(parts))
	for i := range parts {
		id := parts[i].ID
		log := logs[id]
		switch p.Kind {
		case AtOffsets:
			offset, ok := p.Offsets[id]
			if !ok {
				return nil, fmt.Errorf("topic %s has the partitions 0 to %d: no offset is given of partition %d", c.Topic, len(parts)-1, id)
			}
			offsets[i] = offset
		case AtTime:
			offsets[i] = log.end
			if o, ok := later[id]; ok && o.Offset >= 0 {
				offsets[i] = min(o.Offset, log.end)
			}
		case LatestOffset:
			offsets[i] = log.end
		default:
			offsets[i] = log.start
		}
	}
	return offsets, nil
}
