package format

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"crest/block"
)

type extractKind uint8

const (
	wholeValue extractKind = iota
	eachWord
	eachHashtag
	eachMatch
)

// An Extract says what of an item field is counted. It travels as its text; the
// zero Extract counts the value itself.
type Extract struct {
	kind  extractKind
	expr  *regexp.Regexp
	group int // which group of expr
}

// ParseExtract reads an extraction:
//
//   - "value" (or nothing): the value itself.
//   - "words": each word, in lower case: letters, marks and digits of any script
//     and apostrophes between them (’ becomes '). Anything else parts words, also
//     hyphens and underscores. Han and Hiragana, which are written without
//     spaces, count by the character.
//   - "hashtags": each hashtag, in lower case and with its #: letters, marks,
//     digits and underscores, not only digits, and not in the middle of a word.
//   - "regex:EXPR": each match of the RE2 expression EXPR, or of its first group
//     where it has one. Empty matches don't count.
//
// Each occurrence counts. A record one of whose items is longer than
// block.MaxItem is rejected.
func ParseExtract(s string) (Extract, error) {
	switch s {
	case "", "value":
		return Extract{}, nil
	case "words":
		return Extract{kind: eachWord}, nil
	case "hashtags":
		return Extract{kind: eachHashtag}, nil
	}
	expr, ok := strings.CutPrefix(s, "regex:")
	if !ok {
		return Extract{}, fmt.Errorf("no extraction %q: it is value, words, hashtags or regex:EXPR", s)
	}
	if expr == "" {
		return Extract{}, errors.New("extraction regex: lacks its expression: regex:EXPR")
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return Extract{}, fmt.Errorf("extraction regex:%s: %w", expr, err)
	}
	return Extract{kind: eachMatch, expr: re, group: min(re.NumSubexp(), 1)}, nil
}

// String is what ParseExtract reads.
func (e Extract) String() string {
	switch e.kind {
	case eachWord:
		return "words"
	case eachHashtag:
		return "hashtags"
	case eachMatch:
		return "regex:" + e.expr.String()
	}
	return "value"
}

// MarshalText lets an Extract travel as text, in JSON too.
func (e Extract) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (e *Extract) UnmarshalText(text []byte) error {
	x, err := ParseExtract(string(text))
	if err == nil {
		*e = x
	}
	return err
}

// appendItems appends to b.Items what the extraction finds in t, which is valid UTF-8
// of b.Data; it may append to b.Data. It is false when one of the items is
// longer than block.MaxItem, and then the items of the record must go.
func (e Extract) appendItems(b *block.Block, t block.Text) bool {
	switch e.kind {
	case eachWord:
		return appendWords(b, t)
	case eachHashtag:
		return appendHashtags(b, t)
	case eachMatch:
		return e.appendMatches(b, t)
	}
	b.Items = append(b.Items, t)
	return t.Len <= block.MaxItem
}

func (e Extract) appendMatches(b *block.Block, t block.Text) bool {
	for _, m := range e.expr.FindAllSubmatchIndex(b.Text(t), -1) {
		from, to := m[2*e.group], m[2*e.group+1]
		if from == to { // empty, or a group that took no part
			continue
		}
		if to-from > block.MaxItem {
			return false
		}
		b.Items = append(b.Items, block.Text{Off: t.Off + uint32(from), Len: uint32(to - from)})
	}
	return true
}
