package live

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"
)

// windowName is a size of window as a person says it.
func windowName(seconds int64) string {
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

func comma(n uint64) string { return humanize.Comma(int64(n)) }

// age is how old something is: to the tenth of a second at first, then to the
// second.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// bar draws n as a share of the largest.
func bar(n, largest uint64) string {
	eighths := int(float64(n) / float64(max(1, largest)) * barWidth * 8)
	text := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		text += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return runewidth.FillRight(text, barWidth)
}

// fit cuts or fills a text to a width on the screen.
func fit(text string, width int) string {
	return runewidth.FillRight(runewidth.Truncate(printable(text), width, "…"), width)
}

// printable takes out what would steer a terminal: items are anybody's text.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Cf) {
			return '·'
		}
		return c
	}, text)
}
