package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// A List is a flag that may be given more than once, or hold several values with
// commas between them.
type List []string

func (l *List) String() string { return strings.Join(*l, ",") }

// Set adds the values of a text.
func (l *List) Set(s string) error {
	*l = append(*l, Split(s)...)
	return nil
}

// Split cuts a text at its commas and drops what is empty.
func Split(s string) (parts []string) {
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// longest is the longest span of time that a flag may say.
const longest = 10_000 * 24 * time.Hour

// ParseWindow reads a window's size: whole seconds as a duration, in which d is a
// day; or all, the window over everything, which is 0.
func ParseWindow(s string) (time.Duration, error) {
	if s == "all" {
		return 0, nil
	}
	d, err := parseDays(s)
	if err != nil || d < time.Second || d%time.Second != 0 || d > longest {
		return 0, fmt.Errorf("%q is not a window: whole seconds to 10000 days, as 30s, 5m, 1h, 24h, 7d, or all", s)
	}
	return d, nil
}

// ParseSpan reads a span of time, 0 or more, in which d is a day.
func ParseSpan(s string) (time.Duration, error) {
	d, err := parseDays(s)
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is not a span of time: 0, 500ms, 5s, 1h, 7d", s)
	}
	return d, nil
}

// parseDays reads a duration, in which d is a day.
func parseDays(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(max(-1, min(n, 20000))) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// ParseShare reads a share: a percentage, or a number from 0 to 1.
func ParseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("%q is not a share: a percentage from 0%% to 100%%, or a number from 0 to 1", s)
	}
	return v, nil
}

// ParseBytes reads a size, up to so many bytes.
func ParseBytes(s string, most int64) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > uint64(most) {
		return 0, fmt.Errorf("%q is not a size up to %s, as 64KiB or 1MiB", s, strings.ReplaceAll(humanize.IBytes(uint64(most)), " ", ""))
	}
	return int64(n), nil
}
