package archive

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crest/block"
)

func TestList(t *testing.T) {
	prefix := t.TempDir()
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	put := func(source string, at int64) {
		store(t, prefix, contentOf(t, NDJSON, Record{Source: source, Offset: 1, Time: at}))
	}
	for h := range 48 {
		put("s", day.Add(time.Duration(h)*time.Hour).UnixMilli())
	}
	put("r", day.UnixMilli())
	put("r", block.NoTime)
	hours := func(from, to time.Time) int {
		groups, err := List(t.Context(), prefix+"/", from, to)
		if err != nil {
			t.Fatal(err)
		}
		return len(groups)
	}
	for want, r := range map[int][2]time.Time{
		50: {},
		49: {day},
		2:  {{}, day.Add(time.Hour)},
		3:  {day.Add(23 * time.Hour), day.Add(26 * time.Hour)},
		25: {day, day.Add(24 * time.Hour)},
		24: {day.Add(24 * time.Hour), day.Add(9999 * time.Hour)},
		0:  {day.Add(48 * time.Hour), day.Add(49 * time.Hour)},
	} {
		if n := hours(r[0], r[1]); n != want {
			t.Errorf("%v has %d groups, want %d", r, n, want)
		}
	}
	for _, r := range [][2]time.Time{{day.Add(time.Minute)}, {{}, day.Add(time.Second)}, {day, day}} {
		if _, err := List(t.Context(), prefix, r[0], r[1]); err == nil {
			t.Errorf("%v was listed", r)
		}
	}
	if groups, err := List(t.Context(), prefix+"/nothing", time.Time{}, time.Time{}); len(groups) > 0 || err != nil {
		t.Errorf("nothing lists %v, %v", groups, err)
	}
	dir := filepath.Join(prefix, HourOf(day.UnixMilli()).Dir())
	for name, ok := range map[string]bool{"_SUCCESS": true, ".part.crc": true, "notes.txt": false} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := List(t.Context(), prefix, time.Time{}, time.Time{})
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), path) {
			t.Errorf("with %s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
