package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"crest/archive"
	"crest/table"
)

// fakeKafka is a broker in this process whose topic commits has the events, and
// returns its address.
func fakeKafka(t *testing.T, events []seen) (brokers string) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "commits"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	produce(t, cluster.ListenAddrs(), "commits", events)
	return strings.Join(cluster.ListenAddrs(), ",")
}

// awaitArchived waits until n different records are archived under the prefix.
func (l *live) awaitArchived(prefix string, n int) {
	l.t.Helper()
	counted := make(map[string]bool) // files
	records := make(map[string]bool)
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case code := <-l.done:
			l.t.Fatalf("it ended with exit code %d: %s", code, l.stderr.String())
		default:
		}
		groups, err := archive.List(l.t.Context(), prefix, time.Time{}, time.Time{})
		if err != nil {
			l.t.Fatal(err)
		}
		for _, g := range groups {
			for _, f := range g.Files {
				if !counted[f.Path] {
					counted[f.Path] = true
					addRecords(l.t, archive.Group{Hour: g.Hour, Source: g.Source, Files: []archive.File{f}}, records)
				}
			}
		}
		if len(records) >= n {
			l.t.Logf("%d records in %d files of %d hours", len(records), len(counted), len(groups))
			return
		}
	}
	l.t.Fatalf("%d records of %d are archived after minutes:\n%s", len(records), n, l.stderr.String())
}

// addRecords adds the records of a group, by where they were read.
func addRecords(t *testing.T, g archive.Group, records map[string]bool) {
	t.Helper()
	fault := func(f archive.Fault) { t.Fatalf("the archive is damaged: %+v", f) }
	m, err := g.Open(context.Background(), new(archive.Stats), fault)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for {
		r, ok, err := m.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		records[fmt.Sprint(r.Source, r.Offset, string(r.ID))] = true
	}
}

// TestArchive archives what a live run reads, and counts the archive exactly.
func TestArchive(t *testing.T) {
	events := commits(t)[:5000]
	for _, format := range []string{"ndjson", "parquet"} {
		t.Run(format, func(t *testing.T) {
			prefix, file := t.TempDir(), filepath.Join(t.TempDir(), "exact.db")
			l := startLive(t, "--source=kafka", "--brokers="+fakeKafka(t, events), "--topic=commits", "--segment_field=group",
				"--windows=7d,28d", "--lateness=60d", "--early=0", "--disorder=1d",
				"--archive="+prefix, "--archive_every=1s", "--archive_format="+format)
			l.awaitArchived(prefix, len(events))
			l.stop()
			out := must(t, "--source=archive", "--input="+prefix, "--segment_field=group", "--windows=7d,28d,all", "--path=exact", "--sink=sqlite:"+file)
			if want := "5,000 read, 5,000 counted, 0 rejected"; !strings.Contains(out, want) {
				t.Errorf("the report lacks %q:\n%s", want, out)
			}
			compare(t, file, count(events, week, 4*week, 0), 100, table.Exact)
		})
	}
}

// TestUnwritableArchive: it is told before anything starts.
func TestUnwritableArchive(t *testing.T) {
	prefix := filepath.Join(write(t, "file"), "archive")
	code, _, errs := topk(t, "--source=kafka", "--brokers="+fakeKafka(t, nil), "--topic=commits", "--archive="+prefix,
		"--sink=sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if want := "--archive: nothing can be archived under " + prefix; code != 2 || !strings.Contains(errs, want) {
		t.Errorf("exit code %d, %q lacks %q", code, errs, want)
	}
}

// TestKafkaToItsEnd counts what a topic holds, on both paths, and ends.
func TestKafkaToItsEnd(t *testing.T) {
	events := commits(t)[:5000]
	file := filepath.Join(t.TempDir(), "both.db")
	out := must(t, "--source=kafka", "--brokers="+fakeKafka(t, events), "--topic=commits", "--end=latest", "--segment_field=group",
		"--windows=7d,28d,all", "--path=both", "--sink=sqlite:"+file)
	for _, want := range []string{"5,000 read, 5,000 counted, 0 rejected", "Fast against exact"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	compare(t, file, count(events, week, 4*week, 0), 100)
}
