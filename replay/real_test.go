//go:build real

package replay

import (
	"strings"
	"testing"

	"crest/realtest"
)

const commitsFile = "../testdata/commits.ndjson.gz"

func commitLines(t *testing.T) (lines []string) {
	t.Helper()
	in, err := openFile(commitsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for {
		line, err := in.next()
		if err != nil {
			return lines
		}
		lines = append(lines, strings.Clone(string(line)))
	}
}

// What is committed in a real broker is the file, also where transactions were
// aborted and sent again, and where the broker was killed meanwhile.
func TestRealKafka(t *testing.T) {
	lines := commitLines(t)
	b := realtest.Kafka(t)
	for topic, c := range map[string]KafkaConfig{
		"plain":        {},
		"transactions": {Transaction: 1000, Abort: 0.2},
		"killed":       {},
	} {
		t.Run(topic, func(t *testing.T) {
			c.Brokers, c.Topic, c.Create, c.Partitions = []string{b.Addr}, topic, true, 4
			k := openKafka(t, c)
			var sink Sink = k
			if topic == "killed" {
				sink = &interrupting{Sink: k, cancel: b.Restart, after: 60_000}
			}
			var p Progress
			if err := Run(t.Context(), Config{Files: []string{commitsFile}, KeyField: "item"}, sink, &p); err != nil {
				t.Fatal(err)
			}
			committed, aborted := k.Transactions()
			t.Logf("%d events, %d transactions committed, %d aborted", p.Records(), committed, aborted)
			check(t, consume(t, c.Brokers, topic, len(lines)), lines)
		})
	}
}
