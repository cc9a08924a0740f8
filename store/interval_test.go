package store

import (
	"strings"
	"testing"

	"crest/table"
)

func TestIntervalValidate(t *testing.T) {
	good := Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: 0, To: 60_000}
	for _, c := range []struct {
		name   string
		change func(*Interval)
		of     table.ID
		want   []string
	}{
		{"good", func(*Interval) {}, table.SketchTable, nil},
		{"the best lists", func(in *Interval) { in.Path = "" }, table.TopKTable, nil},
		{"no room", func(in *Interval) { in.To = in.From - 1 }, table.TopKTable, nil},
		{"no window table", func(*Interval) {}, table.RunTable, []string{"runs"}},
		{"no job", func(in *Interval) { in.Job = "" }, table.TopKTable, []string{"without a job"}},
		{"sketches without a path", func(in *Interval) { in.Path = "" }, table.SketchTable, []string{`path ""`}},
		{"another path", func(in *Interval) { in.Path = table.Both }, table.TopKTable, []string{`path "both"`}},
		{"everything", func(in *Interval) { in.WindowSeconds, in.To = 0, table.MaxTime+1 }, table.TopKTable, []string{"0 seconds: 1 to", "years 1 to 9999"}},
		{"eternity", func(in *Interval) { in.WindowSeconds = 1 << 62 }, table.TopKTable, []string{"seconds"}},
	} {
		in := good
		c.change(&in)
		err := in.Validate(c.of)
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in: %v", c.name, w, err)
			}
		}
	}
	good.WindowSeconds = 0
	if err := good.ValidateWindows(table.CountTable); err != nil {
		t.Errorf("windows of all sizes: %v", err)
	}
}

func TestIntervalStarts(t *testing.T) {
	for _, c := range []struct {
		from, to     table.Time
		seconds      int64
		first, after table.Time
	}{
		{0, 120_000, 60, 0, 61_000},
		{1, 119_999, 60, 1000, 60_000},
		{-1, 120_000, 60, 0, 61_000},
		{-1000, -1, 1, -1000, -1000},
		{0, 5000, 0, 0, 5000},
		{table.MinTime, table.MinTime, 3600, table.MinTime, table.MinTime},
		{table.MaxTime, table.MaxTime, 60, table.MaxTime, table.AllEnd - 59_000},
	} {
		first, after := Interval{WindowSeconds: c.seconds, From: c.from, To: c.to}.Starts()
		if first != c.first || after != c.after {
			t.Errorf("%d to %d by %d s: %d to %d, not %d to %d", c.from, c.to, c.seconds, first, after, c.first, c.after)
		}
	}
}

func TestTumbling(t *testing.T) {
	for _, c := range []struct {
		w    Window
		want bool
	}{
		{Window{WindowSeconds: 3600, WindowStart: 7_200_000}, true},
		{Window{WindowSeconds: 3600, WindowStart: -7_200_000}, true},
		{Window{WindowSeconds: 3600, WindowStart: 7_500_000}, false},
		{Window{}, false},
	} {
		if got := c.w.Tumbling(); got != c.want {
			t.Errorf("%+v: %v", c.w, got)
		}
	}
}
