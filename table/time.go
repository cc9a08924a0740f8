package table

import (
	"fmt"
	"time"
)

// Time is an instant in milliseconds since 1970-01-01T00:00:00Z. In a nullable
// column 0 means that there is none.
type Time int64

const (
	// MinTime and MaxTime bound what a table can hold: the years 1 to 9999.
	MinTime Time = -62135596800000
	MaxTime Time = 253402300799999
	// AllStart and AllEnd are window_start and window_end of the window over
	// everything, whose window_seconds is 0. They are labels: events before
	// 1970 belong to it too.
	AllStart Time = 0
	AllEnd   Time = 253402300799000
)

// TimeOf converts a time, rounding down to the millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Time converts back, in UTC.
func (t Time) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String is RFC 3339 in UTC: 2026-01-31T23:59:00Z, with three decimals where
// the milliseconds are not 0.
func (t Time) String() string { return string(t.AppendText(nil)) }

// AppendText appends String to dst.
func (t Time) AppendText(dst []byte) []byte {
	if t%1000 == 0 {
		return t.Time().AppendFormat(dst, "2006-01-02T15:04:05Z")
	}
	return t.Time().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// ParseTime reads what String writes, and any other RFC 3339 time.
func ParseTime(s string) (Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("reading a time: %w", err)
	}
	return TimeOf(t), nil
}
