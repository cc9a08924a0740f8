// Package glob matches paths with patterns that cross directories. It means what
// Beam's filesystems mean: * and ? stay within a segment, ** does not.
package glob

import (
	"fmt"
	"regexp"
	"strings"
)

// Glob is a pattern that is ready to match.
type Glob struct {
	// Prefix is what all matches begin with: the pattern up to its first wildcard,
	// without backslashes; all of it where it has none.
	Prefix string
	// Literal says that the pattern has no wildcard: only Prefix matches.
	Literal bool

	match *regexp.Regexp
	// dirs match the directories that may hold matches: one for each segment from
	// the first one with a wildcard on, up to the last or to the first with a **.
	dirs []*regexp.Regexp
	deep bool // the pattern has a **: below dirs anything may match
}

// Compile reads a pattern.
func Compile(pattern string) (*Glob, error) {
	g := &Glob{Literal: true}
	rest := pattern
	for rest != "" && g.Literal {
		switch c := rest[0]; {
		case strings.IndexByte("*?[", c) >= 0:
			g.Literal = false
			continue
		case c == '\\' && len(rest) > 1:
			rest = rest[1:]
		}
		g.Prefix += rest[:1]
		rest = rest[1:]
	}
	expr, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	if g.match, err = regexp.Compile(expr); err != nil {
		return nil, fmt.Errorf("the pattern %q has a bad [ ]: %w", pattern, err)
	}
	if !g.Literal {
		err = g.compileDirs(pattern)
	}
	return g, err
}

// compileDirs makes one expression of each segment that a walk goes through.
func (g *Glob) compileDirs(pattern string) error {
	segments := strings.Split(pattern, "/")
	for _, s := range segments[strings.Count(g.Prefix, "/"):] {
		if strings.Contains(s, "**") {
			g.deep = true
			return nil
		}
		expr, err := translate(s)
		if err != nil {
			return err
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return err
		}
		g.dirs = append(g.dirs, re)
	}
	g.dirs = g.dirs[:len(g.dirs)-1] // the last segment names files
	return nil
}

// Match tells whether the pattern matches a path.
func (g *Glob) Match(path string) bool { return g.match.MatchString(path) }

// translate makes a regular expression of a pattern.
func translate(pattern string) (string, error) {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:.*/)?`)
			rest = rest[3:]
		case strings.HasPrefix(rest, "**"):
			b.WriteString(`.*`)
			rest = rest[2:]
		case rest[0] == '*':
			b.WriteString(`[^/]*`)
			rest = rest[1:]
		case rest[0] == '?':
			b.WriteString(`[^/]`)
			rest = rest[1:]
		case rest[0] == '[':
			n, err := class(&b, rest)
			if err != nil {
				return "", fmt.Errorf("the pattern %q %w", pattern, err)
			}
			rest = rest[n:]
		default:
			if rest[0] == '\\' && len(rest) > 1 {
				rest = rest[1:]
			}
			// Up to the next byte that may mean something.
			n := strings.IndexAny(rest[1:], `*?[\`) + 1
			if n == 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	b.WriteString(`$`)
	return b.String(), nil
}

// class translates the [ ] that a pattern begins with, and returns its length.
func class(b *strings.Builder, s string) (int, error) {
	i := 1
	b.WriteByte('[')
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		b.WriteString(`^/`)
		i++
	}
	for first := i; i < len(s); i++ {
		switch c := s[i]; {
		case c == ']' && i > first:
			b.WriteByte(']')
			return i + 1, nil
		case c == '/':
			return 0, errUnclosed
		case c == '\\' && i+1 < len(s):
			i++
			fallthrough
		case strings.IndexByte(`[]^\&~`, c) >= 0:
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return 0, errUnclosed
}
