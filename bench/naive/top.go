package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/top"
)

func init() {
	register.Function3x1(parse)
	register.Function2x1(count)
	register.Function2x1(fewer)
	register.Function3x0(format)
	register.Emitter1[string]()
	register.Emitter2[beam.EventTime, string]()
}

// Event is what is read of an event.
type Event struct {
	Time time.Time `json:"time"`
	Item string    `json:"item"`
}

// Counted is an item with its count.
type Counted struct {
	Item  string
	Count int
}

// TopOfMinutes turns lines of JSON into lines of minute, item and count: the ten
// most frequent items of each minute.
func TopOfMinutes(s beam.Scope, lines beam.PCollection) beam.PCollection {
	s = s.Scope("naive.TopOfMinutes")
	items := beam.ParDo(s, parse, lines)
	minutes := beam.WindowInto(s, window.NewFixedWindows(time.Minute), items)
	counts := beam.ParDo(s, count, stats.Count(s, minutes))
	best := top.Largest(s, counts, 10, fewer)
	formatted := beam.ParDo(s, format, best)
	return beam.WindowInto(s, window.NewGlobalWindows(), formatted)
}

func parse(_ beam.EventTime, line string, emit func(beam.EventTime, string)) error {
	var e Event
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		return fmt.Errorf("parsing %q: %w", line, err)
	}
	emit(mtime.FromTime(e.Time), e.Item)
	return nil
}

func count(item string, n int) Counted { return Counted{item, n} }

func fewer(a, b Counted) bool { return a.Count < b.Count }

func format(w beam.Window, best []Counted, emit func(string)) {
	minute := w.MaxTimestamp().ToTime().UTC().Format("2006-01-02T15:04")
	for _, c := range best {
		emit(fmt.Sprintf("%s\t%s\t%d", minute, c.Item, c.Count))
	}
}
