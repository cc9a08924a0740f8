package format

import (
	"testing"

	"crest/block"
)

// TestMessages decodes messages of JSON: a message that the queue has a time
// for needs none of its own, a message may have newlines, and offsets are its own.
func TestMessages(t *testing.T) {
	d, err := JSON.NewDecoder(Options{Time: "time", Item: "item", Segment: "segment"})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		raw    string
		stamp  int64
		time   int64
		reason block.Reason
	}{
		{`{"time":5,"item":"a"}`, 7000, 5000, ""},
		{`{"item":"b\u00e9"}`, 7000, 7000, ""},
		{`{"item":"c"}`, block.NoTime, block.NoTime, block.MissingTime},
		{`{"item":"c"}`, -1, -1, block.TimeRange},
		{"{\n\t\"time\": 6,\n\t\"item\": \"d\"\n}\n", 7000, 6000, ""},
		{"{\"item\":\"two\nlines\"}", 7000, 7000, block.Malformed},
		{"", 7000, 7000, block.Empty},
		{" \n ", 7000, 7000, block.Empty},
		{`{"time":1}{"time":2}`, 7000, 7000, block.Malformed},
		{`{"time":8,"item":"last","segment":"s"}`, 7000, 8000, ""},
	}
	for round := range 2 { // the second time lines of these layouts are known
		var b block.Block
		for i, c := range cases {
			b.Append([]byte(c.raw), []byte("{\"id\":1}"), int64(100+i), c.stamp)
		}
		d.Decode(&b, 0)
		if b.Records != int64(len(cases)) || b.Rejected() != 6 {
			t.Fatalf("round %d: %d records, %d rejected", round, b.Records, b.Rejected())
		}
		var rejects []block.Reject
		var times []int64
		for i, c := range cases {
			m := b.Messages[i]
			if m.Time != c.time || m.Rejected != (c.reason != "") || (m.Rows == 1) == m.Rejected {
				t.Errorf("round %d: message %d: %+v", round, i, m)
			}
			if c.reason != "" {
				rejects = append(rejects, block.Reject{Offset: int64(100 + i), Reason: c.reason})
			} else {
				times = append(times, c.time)
			}
		}
		for i, r := range b.Rejects {
			if r.Offset != rejects[i].Offset || r.Reason != rejects[i].Reason {
				t.Errorf("round %d: reject %d: %+v", round, i, r)
			}
		}
		for i, at := range b.Times {
			if at != times[i] {
				t.Errorf("round %d: row %d at %d", round, i, at)
			}
		}
		if got := string(b.Text(b.Items[1])); got != "bé" {
			t.Errorf("item %q", got)
		}
	}
}
