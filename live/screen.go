package live

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"crest/cli"
)

const (
	barWidth      = 20
	segmentWidth  = 12
	countWidth    = 11
	boundsWidth   = 24
	leastItem     = 20
	pipeWidth     = 110 // of a line that goes to no terminal
	fixedWidth    = 2 + 3 + 1 + 1 + 1 + 2 + barWidth + 1 + countWidth + 2 + boundsWidth
	certainMark   = "●"
	uncertainMark = "○"
)

// A screen draws lines, on a terminal over those that it drew before.
type screen struct {
	out           io.Writer
	file          *os.File // nil where it is no terminal
	color         bool
	width, height int // height 0: no limit
	drawn         int // lines
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, width: pipeWidth}
	if cli.IsTerminal(out) {
		s.file = out.(*os.File)
		s.color = os.Getenv("NO_COLOR") == ""
	}
	return s
}

// measure finds out how large the terminal is now.
func (s *screen) measure() {
	if s.file == nil {
		return
	}
	if w, h, err := term.GetSize(int(s.file.Fd())); err == nil && w > 0 {
		s.width, s.height = w, h
	}
}

// draw shows the lines. On a terminal they take the place of the ones before, and
// no more lines are drawn than it has; else a blank line follows.
func (s *screen) draw(lines []string) error {
	var b bytes.Buffer
	if s.file == nil {
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
		b.WriteByte('\n')
	} else {
		if s.height > 1 {
			lines = lines[:min(len(lines), s.height-1)]
		}
		if s.drawn > 0 {
			fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
		}
		for _, l := range lines {
			b.WriteString("\r" + l + "\x1b[K\n")
		}
		b.WriteString("\x1b[J")
		s.drawn = len(lines)
	}
	if _, err := s.out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("drawing the lists: %w", err)
	}
	return nil
}

func (s *screen) style(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) bold(text string) string { return s.style("1", text) }
func (s *screen) dim(text string) string  { return s.style("2", text) }

// lines are the windows as text, each line no wider than the screen. The lists
// are cut so that all windows have room, and a line is left for a status.
func (s *screen) lines(windows []window, now time.Time, k int) []string {
	s.measure()
	if len(windows) == 0 {
		return []string{"waiting for the first window"}
	}
	if s.height > 0 {
		k = min(k, max(1, (s.height-1-len(windows))/len(windows)-1))
	}
	var lines []string
	for i, w := range windows {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, s.title(&w, now))
		for n, r := range w.rows[:min(k, len(w.rows))] {
			lines = append(lines, s.row(n+1, r, &w))
		}
	}
	return lines
}

// title says which window it is, and how fresh.
func (s *screen) title(w *window, now time.Time) string {
	name := cli.WindowName(w.seconds)
	if w.seconds > 0 {
		end := "15:04:05"
		if w.start.YearDay() != w.end.YearDay() || w.seconds >= 86400 {
			end = time.DateTime
		}
		name += ", " + w.start.Format(time.DateTime) + " – " + w.end.Format(end)
	}
	rest := "  total " + cli.Comma(w.total)
	if rate := w.rate(); rate > 0 {
		rest += fmt.Sprintf("  %s/s", humanize.CommafWithDigits(rate, 1))
	}
	if !w.written.IsZero() {
		rest += "  " + age(now.Sub(w.written)) + " old"
	}
	if !w.closed.IsZero() {
		rest += "  closed through " + w.closed.Format(time.TimeOnly)
	}
	rest = runewidth.Truncate(rest, max(0, s.width-1-runewidth.StringWidth(name)), "…")
	return s.bold(runewidth.Truncate(name, s.width-1, "…")) + s.dim(rest)
}

// row is one item: its rank, whether it is certain, its segment where there are
// several, a bar, its count, and its bounds where these are not the count.
func (s *screen) row(rank int, r row, w *window) string {
	mark := uncertainMark
	if r.Certain {
		mark = certainMark
	}
	room := s.width - 1 - fixedWidth
	segment := ""
	if w.segments > 1 {
		segment = cli.Fit(r.segment, segmentWidth) + " "
		room -= segmentWidth + 1
	}
	text := fmt.Sprintf("  %3d %s %s%s  ", rank, mark, segment, cli.Fit(r.Item.Item, max(room, leastItem)))
	count := fmt.Sprintf(" %*s", countWidth, cli.Comma(r.Count))
	bounds := ""
	if r.Lower < r.Upper {
		bounds = fmt.Sprintf("  in [%s, %s]", cli.Comma(r.Lower), cli.Comma(r.Upper))
	}
	left := s.width - 1 - runewidth.StringWidth(text) - barWidth - runewidth.StringWidth(count)
	if left < 0 { // too narrow for bars
		return runewidth.Truncate(text+cli.Comma(r.Count), s.width-1, "…")
	}
	return text + s.style("32", cli.Bar(r.Count, w.rows[0].Count, barWidth)) + count + s.dim(runewidth.Truncate(bounds, left, "…"))
}
