package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{flag.ErrHelp, 0, ""},
		{errors.New("no room"), Failed, "crest x: no room\n"},
		{fmt.Errorf("interrupted: %w", context.Canceled), Interrupted, "crest x: interrupted: context canceled\n"},
		{UsageError{errors.Join(errors.New("a"), errors.Join(errors.New("b"), errors.New("c")))}, Wrong,
			"crest x: the command line is wrong:\n  a\n  b\n  c\nhelp helps\n"},
	} {
		var b bytes.Buffer
		if code := Explain(&b, "crest x", "help helps", c.err); code != c.code || b.String() != c.text {
			t.Errorf("%v: exit code %d, %q", c.err, code, b.String())
		}
	}
}

// set is a set of flags of each kind.
func set() (fs *flag.FlagSet, items *List) {
	fs, items = flag.NewFlagSet("x", flag.ContinueOnError), new(List)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.Var(items, "items", "`names` of items")
	fs.Int("k", 10, "`number` of them")
	fs.Bool("all", false, "all of them")
	fs.Duration("every", 0, "`time` between")
	return fs, items
}

func TestParse(t *testing.T) {
	fs, items := set()
	others, wrong := Parse(fs, []string{"--items=a,,b", "one", "--items= c", "--all", "two"})
	if len(wrong) > 0 || !slices.Equal(others, []string{"one", "two"}) || !slices.Equal(*items, []string{"a", "b", "c"}) {
		t.Errorf("%q, %v, %q", others, wrong, *items)
	}
	if err := OnlyFlags(others); err == nil || !strings.Contains(err.Error(), `"two" is not a flag`) {
		t.Errorf("%v", err)
	}
	fs, _ = set()
	if _, wrong := Parse(fs, []string{"--bogus", "--k=x", "--every"}); len(wrong) != 3 || !strings.HasSuffix(wrong[0].Error(), "--bogus") {
		t.Errorf("%v", wrong)
	}
	fs, _ = set()
	if _, wrong := Parse(fs, []string{"--bogus", "--help"}); len(wrong) != 1 || !errors.Is(wrong[0], flag.ErrHelp) {
		t.Errorf("%v", wrong)
	}
}

func TestUsage(t *testing.T) {
	fs, _ := set()
	var b bytes.Buffer
	others := Usage(&b, fs, []Group{{"What", []string{"k", "all", "unknown"}}, {"When", []string{"every"}}})
	want := "\nWhat:\n  --k=NUMBER                 number of them (default: 10)\n  --all                      all of them\n\nWhen:\n  --every=TIME               time between\n"
	if b.String() != want || !slices.Equal(others, []string{"items"}) {
		t.Errorf("%q of\n%s", others, b.String())
	}
}

func TestValues(t *testing.T) {
	for s, want := range map[string]time.Duration{"all": 0, "1s": time.Second, "7d": 7 * 24 * time.Hour, "10000d": longest} {
		if d, err := ParseWindow(s); err != nil || d != want {
			t.Errorf("window %q: %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "0", "1ms", "1500ms", "-1d", "-9223372036854775807d", "10001d", "99999999999d", "d"} {
		if d, err := ParseWindow(s); err == nil {
			t.Errorf("window %q: %v", s, d)
		}
	}
	for s, want := range map[string]time.Duration{"0": 0, "500ms": 500 * time.Millisecond, "2d": 48 * time.Hour} {
		if d, err := ParseSpan(s); err != nil || d != want {
			t.Errorf("span %q: %v, %v", s, d, err)
		}
	}
	for s, want := range map[string]float64{"5%": 0.05, "0.5": 0.5, "100%": 1, "0": 0} {
		if v, err := ParseShare(s); err != nil || v != want {
			t.Errorf("share %q: %v, %v", s, v, err)
		}
	}
	for _, s := range []string{"", "101%", "-1", "NaN", "2"} {
		if v, err := ParseShare(s); err == nil {
			t.Errorf("share %q: %v", s, v)
		}
	}
	if n, err := ParseBytes("64KiB", 1<<30); err != nil || n != 64<<10 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := ParseBytes("2GiB", 1<<30); err == nil {
		t.Errorf("%d", n)
	}
}

func TestText(t *testing.T) {
	for seconds, want := range map[int64]string{0: "everything", 1: "1 second", 60: "1 minute", 7200: "2 hours", 604800: "7 days", 90: "90 seconds"} {
		if name := WindowName(seconds); name != want {
			t.Errorf("%d: %s", seconds, name)
		}
	}
	if s := Bar(1, 2, 3) + "|" + Bar(0, 0, 2) + "|" + Bar(5, 5, 2); s != "█▌ |  |██" {
		t.Errorf("%q", s)
	}
	if s := Fit("a\x1b[2Jbc", 5) + "|" + Fit("世", 3); s != "a·[2…|世 " {
		t.Errorf("%q", s)
	}
}

// TestStatus: what goes to no terminal has no line that redraws itself.
func TestStatus(t *testing.T) {
	var b bytes.Buffer
	s := ShowStatus(&b, time.Hour, func() string { return "" })
	s.Stop()
	s.show()
	s.line = func() string { return "half" }
	s.show()
	if b.String() != "half\n" {
		t.Errorf("%q", b.String())
	}
}
