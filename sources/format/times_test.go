package format

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"crest/block"
)

func utc(s string) int64 {
	t, err := time.Parse("2006-01-02T15:04:05.999999999", s)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   int64
		reason block.Reason
	}{
		{"2026-01-01T00:12:34.567Z", utc("2026-01-01T00:12:34.567"), ""},
		{"2026-01-01T00:12:34Z", utc("2026-01-01T00:12:34"), ""},
		{"2026-01-01t00:12:34z", utc("2026-01-01T00:12:34"), ""},
		{"2026-01-01 00:12:34", utc("2026-01-01T00:12:34"), ""},
		{"2026-01-01 00:12:34 UTC", utc("2026-01-01T00:12:34"), ""},
		{"2026-01-01 00:12:34,5", utc("2026-01-01T00:12:34.5"), ""},
		{"2026-01-01T00:12:34.5678999999999999Z", utc("2026-01-01T00:12:34.567"), ""},
		{"2026-01-01T00:12:34.5+02:00", utc("2025-12-31T22:12:34.5"), ""},
		{"2026-01-01T00:12:34-0130", utc("2026-01-01T01:42:34"), ""},
		{"2026-01-01 00:12:34+00", utc("2026-01-01T00:12:34"), ""},
		{"2026-01-01 00:12:34 +0100", utc("2025-12-31T23:12:34"), ""},
		{"2026-01-01", utc("2026-01-01T00:00:00"), ""},
		{"2024-02-29", utc("2024-02-29T00:00:00"), ""},
		{"2000-02-29", utc("2000-02-29T00:00:00"), ""},
		{"2016-12-31T23:59:60Z", utc("2016-12-31T23:59:59.999"), ""},
		{"2016-12-31T23:59:60.7Z", utc("2016-12-31T23:59:59.999"), ""},
		{"1970-01-01T00:00:00Z", 0, ""},
		{"1970-01-01T00:00:00+00:01", 0, block.TimeRange},
		{"1969-12-31T23:59:59.9999Z", 0, block.TimeRange},
		{"1969-12-31T23:59:59-00:01", 59000, ""},
		{"2199-12-31T23:59:59.9999Z", block.MaxTime, ""},
		{"2200-01-01", 0, block.TimeRange},
		{"9999-12-31T23:59:59Z", 0, block.TimeRange},
		{"0000-02-29", 0, block.TimeRange},
		{"0000-01-01T00:00:00Z", 0, block.TimeRange},
		{"1900-02-29", 0, block.BadTime},
		{"2026-02-30", 0, block.BadTime},
		{"2026-04-31", 0, block.BadTime},
		{"2026-00-01", 0, block.BadTime},
		{"2026-13-01", 0, block.BadTime},
		{"2026-01-00", 0, block.BadTime},
		{"2026-01-32", 0, block.BadTime},
		{"2026-01-01T24:00:00Z", 0, block.BadTime},
		{"2026-01-01T25:00:00Z", 0, block.BadTime},
		{"2026-01-01T00:60:00Z", 0, block.BadTime},
		{"2026-01-01T00:00:61Z", 0, block.BadTime},
		{"2026-01-01T00:00:00.Z", 0, block.BadTime},
		{"2026-01-01T00:00:00+24:00", 0, block.BadTime},
		{"2026-01-01T00:00:00+01:60", 0, block.BadTime},
		{"2026-01-01T00:00:00+1:00", 0, block.BadTime},
		{"2026-01-01T00:00:00Zx", 0, block.BadTime},
		{"2026-01-01T00:00:00 ", 0, block.BadTime},
		{"2026-01-01T00:00", 0, block.BadTime},
		{"2026-01-01T", 0, block.BadTime},
		{"2026-01-01x00:00:00", 0, block.BadTime},
		{"2026/01/01 00:00:00", 0, block.BadTime},
		{"yesterday", 0, block.BadTime},
		{"", 0, block.BadTime},
		{strings.Repeat("\x00", 16) + ":00Z", 0, block.BadTime},

		{"17/May/2015:10:05:03 +0000", utc("2015-05-17T10:05:03"), ""},
		{"17/may/2015:10:05:03 -0700", utc("2015-05-17T17:05:03"), ""},
		{"17/May/2015:10:05:03", utc("2015-05-17T10:05:03"), ""},
		{"31/Dec/2015:23:59:60 +0000", utc("2015-12-31T23:59:59.999"), ""},
		{"17/Mai/2015:10:05:03 +0000", 0, block.BadTime},
		{"30/Feb/2015:10:05:03 +0000", 0, block.BadTime},
		{"17/May/2015:24:05:03 +0000", 0, block.BadTime},
		{"17/May/1915:10:05:03 +0000", 0, block.TimeRange},

		{"0", 0, ""},
		{"-0", 0, ""},
		{"1767225600", 1767225600000, ""},
		{"1767225600.9999", 1767225600999, ""},
		{"1.7672256e9", 1767225600000, ""},
		{"1767225600123", 1767225600123, ""},
		{"1767225600123.9", 1767225600123, ""},
		{"1767225600123456", 1767225600123, ""},
		{"1767225600123456789", 1767225600123, ""},
		{"1767225600.12345678901234567890123", 1767225600123, ""},
		{"7258118399", 7258118399000, ""},
		{"7258118400", 0, block.TimeRange},
		{"99999999999", 0, block.TimeRange},             // seconds
		{"100000000000", 100000000000, ""},              // milliseconds
		{"7258118399999", block.MaxTime, ""},            // milliseconds
		{"7258118400000", 0, block.TimeRange},           // milliseconds
		{"99999999999999", 0, block.TimeRange},          // milliseconds
		{"100000000000000", 100000000000, ""},           // microseconds
		{"99999999999999999", 0, block.TimeRange},       // microseconds
		{"100000000000000000", 100000000000, ""},        // nanoseconds
		{"7258118399999999999", block.MaxTime, ""},      // nanoseconds
		{"7258118400000000000", 0, block.TimeRange},     // nanoseconds
		{"99999999999999999999999", 0, block.TimeRange}, // nanoseconds
		{"1e99999999999999999999", 0, block.TimeRange},  //
		{"1e-99999999999999999999", 0, ""},              //
		{"-1", 0, block.TimeRange},                      //
		{"-1e-30", 0, block.TimeRange},                  //
		{"1e", 0, block.BadTime},                        //
		{"1.2.3", 0, block.BadTime},                     //
		{".", 0, block.BadTime},                         //
		{"0x10", 0, block.BadTime},                      //
		{"1.0e-00009", 0, ""},                           //
		{"0.0000000000000000000000000017672256e36", 1767225600000, ""},
	} {
		got, reason := ParseTime([]byte(c.text))
		if reason != c.reason || reason == "" && got != c.want {
			t.Errorf("%q: %d %q, want %d %q", c.text, got, reason, c.want, c.reason)
		}
	}
}

// TestClockRemembers reads times after one another, each of which shares some
// of the last one's text.
func TestClockRemembers(t *testing.T) {
	var c clock
	for _, s := range []string{
		"2026-01-01T00:12:34.567Z", "2026-01-01T00:12:34.567Z", "2026-01-01T00:12:34.56xZ", "2026-01-01T00:12:99.567Z",
		"2026-01-01T00:12:60.567Z", "2026-01-01T00:12:59Z", "2026-01-01T00:12:59+01:00", "2026-01-01T00:13:59.1Z", "2026-01-01T00:12x59.100Z",
		"2026-01-01 00:13:59.123Z", "2026-01-02T00:13:59Z", "2026-02-31T00:13:59Z", "2026-02-31T00:13:59.000Z", "2026-02-28T24:13:59.000Z", "2026-02-28T24:13:59.000Z",
		"2026-01-01T00:12:34.567Y", "2026-01-01T00:12:34:567Z",
		"17/May/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000", "17/May/2016:10:05:03 +0000", "18/May/2016:10:05:03 +0000", "18/Mai/2016:10:05:03 +0000",
	} {
		got, reason := c.parse([]byte(s))
		want, wantReason := ParseTime([]byte(s))
		if got != want || reason != wantReason {
			t.Errorf("%q: %d %q, want %d %q", s, got, reason, want, wantReason)
		}
	}
}

func TestCivilEveryDay(t *testing.T) {
	for at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 3000; at = at.AddDate(0, 0, 1) {
		if ms, ok := civil(at.Year(), int(at.Month()), at.Day()); !ok || ms != at.UnixMilli() {
			t.Fatalf("%v: %d %t, want %d", at, ms, ok, at.UnixMilli())
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{
		"2026-01-01T00:12:34.567Z", "2026-01-01T00:12:34Z", "2016-12-31T23:59:60Z", "2026-01-01T00:12:34.56789+02:30", "1969-12-31T23:59:59.9999Z",
		"0000-02-29T00:00:00-23:59", "9999-12-31T23:59:59.999999999Z", "2026-02-30T00:00:00Z", "1767225600.5", "17/May/2015:10:05:03 +0000", "-5e3",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, first, s string) {
		var c clock
		c.parse([]byte(first))
		ms, reason := c.parse([]byte(s))
		if again, r := ParseTime([]byte(s)); again != ms || r != reason {
			t.Fatalf("%q after %q: %d %q, alone %d %q", s, first, ms, reason, again, r)
		}
		if reason == "" && (ms < block.MinTime || ms > block.MaxTime) {
			t.Fatalf("%q: %d", s, ms)
		}
		if want, err := time.Parse(time.RFC3339, s); err == nil {
			// time.Parse also takes one digit for the hour, and offsets up to 24:60.
			_, offset := want.Zone()
			if s[10] == 'T' && len(s) >= 20 && s[13] == ':' && offset/3600 > -24 && offset/3600 < 24 && !strings.HasSuffix(s, ":60") {
				wantMS, wantReason := inRange(want.UnixMilli(), true)
				if ms != wantMS || reason != wantReason {
					t.Fatalf("%q: %d %q, want %d %q", s, ms, reason, wantMS, wantReason)
				}
			}
		}
		if reason == "" && isRFC3339(s) {
			if _, err := time.Parse(time.RFC3339, s); err != nil && s[17:19] != "60" {
				t.Fatalf("%q: %d, but time.Parse: %v", s, ms, err)
			}
		}
	})
}

// isRFC3339 says whether s has the form, if not the values.
func isRFC3339(s string) bool {
	return len(s) >= 20 && s[4] == '-' && s[10] == 'T' && !strings.Contains(s, ",") &&
		(strings.HasSuffix(s, "Z") && s[len(s)-2] != ' ' || s[len(s)-3] == ':' && (s[len(s)-6] == '+' || s[len(s)-6] == '-') && s[len(s)-7] != ' ')
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-1", "1e3", "2.0", "0.5e1", "9007199254740992", "9007199254740993", "1e-3", "100000000000000000000e-20", "00012", "1.5", "+3", "12345678901234567890123"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, ok := parseWeight([]byte(s))
		if want, wantOK := oracleWeight(s); w != want || ok != wantOK {
			t.Fatalf("weight %q: %d %t, want %d %t", s, w, ok, want, wantOK)
		}
		if _, e, _ := strings.Cut(strings.ToLower(s), "e"); len(e) > 4 || len(s) > 200 {
			return
		}
		v, ok := new(big.Rat).SetString(s)
		if _, plain := parseDecimal([]byte(s)); !ok || !plain {
			return
		}
		got, reason := epoch([]byte(s))
		want, wantReason := bigEpoch(v)
		if got != want || reason != wantReason {
			t.Fatalf("time %q: %d %q, want %d %q", s, got, reason, want, wantReason)
		}
	})
}

func bigEpoch(v *big.Rat) (int64, block.Reason) {
	if v.Sign() < 0 {
		return 0, block.TimeRange
	}
	ms := new(big.Rat).Mul(v, big.NewRat(1000, 1))
	for _, unit := range []int64{1e11, 1e14, 1e17} {
		if v.Cmp(big.NewRat(unit, 1)) < 0 {
			break
		}
		ms.Mul(ms, big.NewRat(1, 1000))
	}
	n := new(big.Int).Quo(ms.Num(), ms.Denom())
	if !n.IsInt64() {
		return 0, block.TimeRange
	}
	return inRange(n.Int64(), true)
}

func BenchmarkParseTime(b *testing.B) {
	for _, s := range []string{"2026-01-01T00:12:34.567Z", "2026-01-01T00:12:34Z", "2026-01-01T00:12:34.567890+02:00", "17/May/2015:10:05:03 +0000", "1767225600123"} {
		b.Run(s, func(b *testing.B) {
			var c clock
			text := []byte(s)
			for b.Loop() {
				c.parse(text)
			}
		})
		b.Run("anew/"+s, func(b *testing.B) {
			text := []byte(s)
			for b.Loop() {
				ParseTime(text)
			}
		})
	}
}
