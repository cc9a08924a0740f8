package kafka

import (
	"testing"
	"time"

	"crest/sources/watermark"
)

// TestHourApart: two partitions whose events are an hour apart, read live into
// windows: every one of them is counted.
func TestHourApart(t *testing.T) {
	c := newCluster(t, 2)
	client := newProducer(t, c)
	now := time.Now().UnixMilli() / 10_000 * 10_000
	const n, rounds = 4000, 16
	at := func(lag int64) func(int) int64 {
		return func(i int) int64 { return now - 3*3600_000 - lag + int64(i)*100 }
	}
	cfg := configOf(t, c)
	cfg.Watermark = watermark.Config{Disorder: time.Second}
	tally := start(t, c, cfg)
	slow, fast := events("slow", n, at(3600_000)), events("fast", n, at(0))
	for i := 0; i < n; i += n / rounds {
		end := i + n/rounds
		produce(t, client, 1, fast[i:end]...)
		eventually(t, "reading ahead", func() bool { return tally.end(1) == int64(end) })
		produce(t, client, 0, slow[i:end]...)
		eventually(t, "reading behind", func() bool { return tally.end(0) == int64(end) })
	}
	// Something later closes the last windows.
	produce(t, client, 0, event("end", now-3600_000))
	produce(t, client, 1, event("end", now-3600_000))
	eventually(t, "all are in windows", func() bool { return tally.sum("slow") == n && tally.sum("fast") == n })
	for id := range int32(2) {
		if end := tally.touch(t, id, 0); end != n+1 {
			t.Errorf("partition %d was read to %d", id, end)
		}
	}
}

func TestBounded(t *testing.T) {
	c := newCluster(t, 3)
	client := newProducer(t, c)
	base := time.Now().UnixMilli() - 3600_000
	for id := range int32(2) { // the third is empty
		produce(t, client, id, events("x", 5000, func(i int) int64 { return base + int64(i)*10 })...)
	}
	produce(t, client, 1, "no JSON", "")
	tally := readAll(t, latest(configOf(t, c)))
	if tally.sum("x") != 10_000 || tally.records != 10_002 || len(tally.rejects) != 2 || tally.latest != 0 {
		t.Errorf("%d rows of %d records, %d rejects, watermark %d", tally.sum("x"), tally.records, len(tally.rejects), tally.latest)
	}
	if tally.touch(t, 0, 0) != 5000 || tally.touch(t, 1, 0) != 5002 || tally.touch(t, 2, 0) != 0 {
		t.Errorf("spans %v", tally.spans)
	}
}
