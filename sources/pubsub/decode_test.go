package pubsub

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"crest/block"
	"crest/sources/format"
)

// TestTimes holds which of a message's times counts against what is set.
func TestTimes(t *testing.T) {
	published := timestamppb.New(time.UnixMilli(5_000_000_000_123))
	for _, c := range []struct {
		attribute string // that is set
		value     string // of the message; "" where it has none
		content   string
		time      int64
		reason    block.Reason
		detail    string
	}{
		{"", "2026-01-31T23:59:00Z", `{"item":"a","time":7000}`, 7_000_000, "", ""},
		{"", "2026-01-31T23:59:00Z", `{"item":"a"}`, 5_000_000_000_123, "", ""},
		{"at", "2026-01-31T23:59:00.5Z", `{"item":"a","time":7000}`, 1769903940500, "", ""},
		{"at", "1769903940500", `{"item":"a"}`, 1769903940500, "", ""},
		{"at", "", `{"item":"a","time":7000}`, 5_000_000_000_123, "", ""},
		{"at", "soon", `{"item":"a","time":7000}`, block.NoTime, block.BadTime, `attribute at is "soon"`},
		{"at", "-5", `{"item":"a"}`, block.NoTime, block.TimeRange, `attribute at is "-5"`},
		{"at", strings.Repeat("x", 100), `{"item":"a"}`, block.NoTime, block.BadTime, `attribute at is "` + strings.Repeat("x", 64) + `"`},
		{"at", "", `{"item":`, 5_000_000_000_123, block.Malformed, "not JSON"},
	} {
		d, err := newDecoder(Config{Subscription: subName, Payload: format.JSON, TimeAttribute: c.attribute, Fields: format.Options{Time: "time", Item: "item"}})
		if err != nil {
			t.Fatal(err)
		}
		m := &pubsubpb.PubsubMessage{Data: []byte(c.content), MessageId: "77", PublishTime: published}
		if c.value != "" {
			m.Attributes = map[string]string{"at": c.value}
		}
		good := &pubsubpb.PubsubMessage{Data: []byte(`{"item":"b"}`), MessageId: "78", PublishTime: published}
		b := d.decode([]received{newReceived(m), newReceived(good)})
		name := fmt.Sprintf("attribute %q %q, content %s", c.attribute, c.value, c.content)
		if b.Records != 2 || len(b.Messages) != 2 || b.Bytes != int64(len(m.Data)+len(good.Data)) {
			t.Fatalf("%s: %d records, %d messages, %d bytes", name, b.Records, len(b.Messages), b.Bytes)
		}
		for _, got := range b.Messages {
			if string(b.Text(got.ID)) == "78" {
				continue
			}
			if got.Rejected != (c.reason != "") || got.Time != c.time || string(b.Text(got.Raw)) != c.content {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if c.reason == "" {
			if b.Rows() != 2 || b.Times[0] != c.time {
				t.Errorf("%s: rows at %v", name, b.Times)
			}
		} else if r := b.Rejects; len(r) != 1 || r[0].Reason != c.reason || !strings.HasPrefix(r[0].Detail, c.detail) || r[0].Offset != -1 || string(r[0].Raw) != c.content {
			t.Errorf("%s: rejects %+v", name, r)
		}
	}
}
