package glob

import (
	"errors"
	"path"
	"strings"
	"testing"
)

// TestMatch: patterns match these paths, and not those behind the bar.
func TestMatch(t *testing.T) {
	for pattern, names := range map[string]string{
		"a":           "a | b a/a aa",
		"*":           "a .a | a/b",
		"a*c":         "ac abc | a/c abcd",
		"?":           "a é | ab /",
		"[a-c]x":      "ax cx | dx -x",
		"[!a-c]x":     "dx | ax /x",
		"[^a]":        "b | a /",
		"[]a]":        "] a | b",
		"[!]]":        "a | ]",
		`[\]a]`:       "] a | b",
		"[[:a]":       "[ : a | b",
		"[é]":         "é | e",
		"**":          "a a/b a/b/c",
		"**/a":        "a b/a b/c/a | ba a/b",
		"a/**":        "a/b a/b/c | a b/a",
		"a/**/b":      "a/b a/c/b a/c/d/b | a/cb ab",
		"a**b":        "ab a/b axx/yb | a",
		`\*`:          "* | a",
		`a\`:          `a\ | a`,
		"a.b+c(d)":    "a.b+c(d) | axb+c(d)",
		"x/*/[0-9]?":  "x/y/1a | x/y/z/1a x/1a",
		"date=*/h=0*": "date=2026-01-01/h=03 | date=1/2/h=03",
	} {
		g, err := Compile(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		yes, no, _ := strings.Cut(names, "|")
		for _, name := range strings.Fields(yes) {
			if !g.Match(name) {
				t.Errorf("%s does not match %s", pattern, name)
			}
		}
		for _, name := range strings.Fields(no) {
			if g.Match(name) {
				t.Errorf("%s matches %s", pattern, name)
			}
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for _, pattern := range []string{"[", "a/[b", "[a/b]", "[z-a]", `[\`} {
		if _, err := Compile(pattern); err == nil || !strings.Contains(err.Error(), "the pattern") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestWalkReadsWhatItMust: a directory that can't hold a match is not listed.
func TestWalkReadsWhatItMust(t *testing.T) {
	tree := map[string]string{"": "a/ b/ x", "a/": "c/ 1 2", "a/c/": "1", "b/": "d/", "b/d/": "1"}
	for pattern, want := range map[string]string{
		"*/1":   "a/1 | a/ b/",
		"a/*":   "a/1 a/2 | a/",
		"b/**":  "b/d/1 | b/ b/d/",
		"?/c/*": "a/c/1 | a/ a/c/ b/",
		"z/*":   "| z/",
	} {
		g, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var files, dirs []string
		err = g.Walk(func(dir string) (entries []Entry, err error) {
			if dir != "" {
				dirs = append(dirs, dir)
			}
			for _, name := range strings.Fields(tree[dir]) {
				entries = append(entries, Entry{Name: path.Clean(name), Dir: strings.HasSuffix(name, "/")})
			}
			return entries, nil
		}, func(path string, _ Entry) error {
			files = append(files, path)
			return nil
		})
		if got := strings.TrimSpace(strings.Join(files, " ") + " | " + strings.Join(dirs, " ")); got != want || err != nil {
			t.Errorf("%s reads %s, %v; want %s", pattern, got, err, want)
		}
	}
	g, err := Compile("*")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := g.Walk(func(string) ([]Entry, error) { return nil, broken }, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestTemporary(t *testing.T) {
	if a, b := NewTemporary(), NewTemporary(); !Temporary(a) || a == b || Temporary(".crest-notes") || Temporary("a.tmp") {
		t.Errorf("%s, %s", a, b)
	}
}

// FuzzCompile: a pattern is refused or understood; what it matches begins with
// its prefix, and one without wildcards matches that alone.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a/**/b*[!c-d]", `\[`, "[]", "é?", "**/", "[^", `[\`} {
		f.Add(s, "a/b")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		g, err := Compile(pattern)
		if err != nil {
			return
		}
		if g.Match(name) && (!strings.HasPrefix(name, g.Prefix) || g.Literal && name != g.Prefix) {
			t.Errorf("%q with the prefix %q matches %q", pattern, g.Prefix, name)
		}
		if g.Literal && !g.Match(g.Prefix) {
			t.Errorf("%q does not match %q", pattern, g.Prefix)
		}
	})
}
