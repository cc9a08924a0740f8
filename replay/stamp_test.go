package replay

import (
	"testing"
	"time"

	"crest/block"
	"crest/sources/format"
)

func TestStamp(t *testing.T) {
	to := time.Date(2031, 2, 3, 4, 5, 6, 123_456_789, time.UTC)
	for text, want := range map[string]string{
		"2026-01-31T23:59:58Z":              "2031-02-03T04:05:06Z",
		"2026-01-31t23:59:58z":              "2031-02-03t04:05:06z",
		"2026-01-31 23:59:58":               "2031-02-03 04:05:06",
		"2026-01-31 23:59:58 UTC":           "2031-02-03 04:05:06 UTC",
		"2026-01-31T23:59:58.5Z":            "2031-02-03T04:05:06.1Z",
		"2026-01-31T23:59:58,000Z":          "2031-02-03T04:05:06,123Z",
		"2026-01-31T23:59:58.000000000000Z": "2031-02-03T04:05:06.123456789000Z",
		"2026-01-31T23:59:58+02:00":         "2031-02-03T06:05:06+02:00",
		"2026-01-31T23:59:58.250-0530":      "2031-02-02T22:35:06.123-0530",
		"2026-01-31T23:59:58 +01":           "2031-02-03T05:05:06 +01",
		"2026-01-31":                        "2031-02-03",
		"2016-12-31T23:59:60Z":              "2031-02-03T04:05:06Z",
		"1769903998":                        "1927857906",
		"1769903998.25":                     "1927857906.12",
		"1769903998000":                     "1927857906123",
		"1769903998000.5":                   "1927857906123.4",
		"1769903998000000":                  "1927857906123456",
		"1769903998000000000":               "1927857906123456789",
		"0":                                 "1927857906",
	} {
		s, ok := parseStamp([]byte(text))
		if !ok {
			t.Errorf("%s is not read", text)
			continue
		}
		if ms, reason := format.ParseTime([]byte(text)); reason != "" || ms != s.at.UnixMilli() {
			t.Errorf("%s is %v, but %v for the pipeline (%s)", text, s.at, time.UnixMilli(ms).UTC(), reason)
		}
		if got := string(s.write(to)); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1e9", "1.", "1.5x", "2026-13-01", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z",
		"2026-01-31T23:59", "2026-01-31T23:59:58.Z", "2026-01-31T23:59:58+1", "2026-01-31T23:59:58 ", "99999999999999999999", "17/May/2015:10:05:03 +0000"} {
		if s, ok := parseStamp([]byte(text)); ok {
			t.Errorf("%q is read as %v", text, s.at)
		}
	}
}

// Whatever is read as a time is one that the pipeline reads as the same, and is
// written as a time that the pipeline reads as what was meant.
func FuzzStamp(f *testing.F) {
	for _, text := range []string{"2026-01-31T23:59:58.25+02:00", "1769903998.25", "1769903998000", "2026-01-31", "2016-12-31 23:59:60 -0130"} {
		f.Add([]byte(text), int64(1927857906123))
	}
	f.Fuzz(func(t *testing.T, text []byte, to int64) {
		s, ok := parseStamp(text)
		if !ok {
			return
		}
		ms, reason := format.ParseTime(text)
		if reason == block.BadTime || reason == "" && ms != s.at.UnixMilli() {
			t.Fatalf("%q is %v, but %d ms for the pipeline (%s)", text, s.at, ms, reason)
		}
		now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(to % int64(50*365*24*time.Hour)))
		again := s.write(now)
		if ms, reason = format.ParseTime(again); reason != "" {
			t.Fatalf("%q was written as %q: %s", text, again, reason)
		}
		limit := 24 * time.Hour // a date alone
		if len(text) > 10 || s.unit > 0 {
			limit = time.Second
		}
		if d := now.Sub(time.UnixMilli(ms)); d < 0 || d > limit+24*time.Hour {
			t.Fatalf("%q was written as %q, %v off", text, again, d)
		}
	})
}
