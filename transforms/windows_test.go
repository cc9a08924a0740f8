package transforms

import (
	"fmt"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		pane    time.Duration
		windows []Window
		want    string
	}{
		{time.Minute, []Window{Tumbling(time.Minute)}, "1m0s<-1"},
		{time.Minute, []Window{Tumbling(time.Hour), {}, Tumbling(5 * time.Minute)}, "1m0s<-1 5m0s<0 1h0m0s<1 all<2"},
		{day, []Window{Tumbling(30 * day), Tumbling(7 * day), Tumbling(day), {}}, "24h0m0s<-1 168h0m0s<0 720h0m0s<0 all<2"},
		{time.Minute, []Window{{time.Hour, 5 * time.Minute}, Tumbling(5 * time.Minute), Tumbling(time.Hour)}, "1m0s<-1 5m0s<0 1h0m0s/5m0s<1 1h0m0s<1"},
		{0, []Window{{}}, "all<-1"},
		{time.Hour, []Window{Tumbling(90 * time.Minute)}, "windows of 1h30m0s are not made of whole panes of 1h0m0s"},
		{time.Minute, []Window{{time.Hour, 90 * time.Second}}, "windows of 1h0m0s/1m30s are not made of whole panes of 1m0s"},
		{0, []Window{Tumbling(time.Hour)}, "windows of 1h0m0s cannot be made without a pane"},
	} {
		kinds, from, err := Plan(c.pane, c.windows)
		got := ""
		for i, k := range kinds {
			got += fmt.Sprintf(" %s<%d", k, from[i])
		}
		if err != nil {
			got = " " + err.Error()
		}
		if got != " "+c.want {
			t.Errorf("pane %s, windows %v:%s, not %s", c.pane, c.windows, got, c.want)
		}
	}
}
