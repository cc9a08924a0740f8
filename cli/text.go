package cli

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"
)

// WindowName is a size of window as a person says it.
func WindowName(seconds int64) string {
	switch {
	case seconds == 0:
		return "everything"
	case seconds%86400 == 0:
		return plural(seconds/86400, "day")
	case seconds%3600 == 0:
		return plural(seconds/3600, "hour")
	case seconds%60 == 0:
		return plural(seconds/60, "minute")
	}
	return plural(seconds, "second")
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Comma is a count with commas between its thousands.
func Comma(n uint64) string { return humanize.Comma(int64(n)) }

// Bar draws n as a share of the largest, where a full bar is width cells wide. It
// fills that width.
func Bar(n, largest uint64, width int) string {
	eighths := int(float64(n) / float64(max(1, largest)) * float64(width) * 8)
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return runewidth.FillRight(text, width)
}

// Fit cuts or fills a text to a width on the screen, and makes it Printable.
func Fit(text string, width int) string {
	return runewidth.FillRight(runewidth.Truncate(Printable(text), width, "…"), width)
}

// Printable takes out what would steer a terminal: items are anybody's text.
func Printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Cf) {
			return '·'
		}
		return c
	}, text)
}
