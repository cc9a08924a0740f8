package format

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"crest/block"
)

func validText(s string) bool { return utf8.ValidString(s) }

// extract is what an extraction makes of a text, and whether it fits.
func extract(t testing.TB, how, text string) ([]string, bool) {
	t.Helper()
	e, err := ParseExtract(how)
	if err != nil {
		t.Fatal(err)
	}
	b := block.Block{Data: []byte("<" + text + ">")}
	ok := e.appendItems(&b, block.Text{Off: 1, Len: uint32(len(text))})
	var got []string
	for _, item := range b.Items {
		got = append(got, string(b.Text(item)))
	}
	if !strings.HasPrefix(string(b.Data), "<"+text+">") {
		t.Errorf("%s of %q changed the text: %q", how, text, b.Data)
	}
	return got, ok
}

func TestExtract(t *testing.T) {
	for _, c := range []struct {
		how, text string
		want      []string
	}{
		{"value", "A b", []string{"A b"}},
		{"", "", []string{""}},
		{"words", "", nil},
		{"words", " -- ' _ ", nil},
		{"words", "The quick the", []string{"the", "quick", "the"}},
		{"words", "it's O’Neill's 'quoted' dogs' 'tis rock'n'roll a''b", []string{"it's", "o'neill's", "quoted", "dogs", "tis", "rock'n'roll", "a", "b"}},
		{"words", "state-of-the-art snake_case a.b 3.14 4x4", []string{"state", "of", "the", "art", "snake", "case", "a", "b", "3", "14", "4x4"}},
		{"words", "ÉLAN Straße ΑΘΗΝΑ МОСКВА İx", []string{"élan", "straße", "αθηνα", "москва", "ix"}},
		{"words", "e\u0301tude हिन्दी ٣٤", []string{"e\u0301tude", "हिन्दी", "٣٤"}},
		{"words", "日本語のテスト x日y漢\u3099", []string{"日", "本", "語", "の", "テスト", "x", "日", "y", "漢\u3099"}},
		{"words", "a'日 ok😀go", []string{"a", "日", "ok", "go"}},
		{"words", "aBcdE", []string{"abcde"}},
		{"hashtags", "#Go is #fun! #2026 #x2 a#b ##c #d#e &#39; # #_ ＃日本", []string{"#go", "#fun", "#x2", "#c", "#d", "#_", "#日本"}},
		{"hashtags", "#ÉLAN,#été", []string{"#élan", "#été"}},
		{"hashtags", "", nil},
		{"regex:[a-z]+", "ab1cd", []string{"ab", "cd"}},
		{"regex:k=(\\w*)", "k=a;k=;k=b", []string{"a", "b"}},
		{"regex:(x)?y", "xyy", []string{"x"}},
		{"regex:a*", "baa", []string{"aa"}},
		{"regex:^.", "日本", []string{"日"}},
	} {
		if got, ok := extract(t, c.how, c.text); !reflect.DeepEqual(got, c.want) || !ok {
			t.Errorf("%s of %q: %q %t, want %q", c.how, c.text, got, ok, c.want)
		}
	}
	long := strings.Repeat("x", block.MaxItem)
	for _, c := range []struct{ how, text string }{{"value", long}, {"words", "a " + long}, {"hashtags", "#" + long[1:]}, {"regex:x+", long}} {
		if _, ok := extract(t, c.how, c.text); !ok {
			t.Errorf("%s: %d bytes are too long", c.how, block.MaxItem)
		}
		if _, ok := extract(t, c.how, c.text+"x"); ok {
			t.Errorf("%s: %d bytes are not too long", c.how, block.MaxItem+1)
		}
	}
}

func TestParseExtract(t *testing.T) {
	for _, s := range []string{"value", "words", "hashtags", "regex:a(b)c"} {
		e, err := ParseExtract(s)
		if err != nil || e.String() != s {
			t.Errorf("%s: %v %v", s, e, err)
		}
		text, err := json.Marshal(Options{Time: "t", Extract: e})
		if err != nil {
			t.Fatal(err)
		}
		var o Options
		if err := json.Unmarshal(text, &o); err != nil || o.Extract.String() != s {
			t.Errorf("%s does not travel as JSON: %s, %v", s, text, err)
		}
	}
	for s, want := range map[string]string{
		"word":      "it is value, words, hashtags or regex:EXPR",
		"regex:":    "lacks its expression",
		"regex:(a":  "missing closing )",
		"regex:a**": "regex:a**: error parsing",
	} {
		if _, err := ParseExtract(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", s, err, want)
		}
	}
}

// FuzzWords checks that words are what their definition says, by the definition.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"The quick brown", "it's O’Neill's", "ÉLAN 日本語のテスト", "a'日'b", "#Go &#39; #日本_1", "''a''", "漢\u3099\u3099'x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > block.MaxItem/2 {
			return
		}
		got, ok := extract(t, "words", s)
		if want := slowWords(s); !ok || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("words of %+q: %+q, want %+q", s, got, want)
		}
		tags, _ := extract(t, "hashtags", s)
		for _, tag := range append(tags, got...) {
			if !utf8.ValidString(tag) || tag != strings.Map(unicode.ToLower, tag) {
				t.Fatalf("%+q of %+q", tag, s)
			}
		}
	})
}

func slowWords(s string) (words []string) {
	runes := []rune(s)
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = nil
	}
	ideograph := false
	for i, r := range runes {
		isWord := unicode.In(r, unicode.L, unicode.M, unicode.Nd)
		single := unicode.In(r, unicode.Han, unicode.Hiragana) && isWord && r >= 0x2e80
		next := rune(' ')
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case ideograph && unicode.IsMark(r):
			word = append(word, unicode.ToLower(r))
			continue
		case single:
			end()
			word = append(word, r)
		case ideograph && isWord:
			end()
			word = append(word, unicode.ToLower(r))
		case isWord:
			word = append(word, unicode.ToLower(r))
		case (r == '\'' || r == '’') && len(word) > 0 && !ideograph && unicode.In(next, unicode.L, unicode.M, unicode.Nd) &&
			!(unicode.In(next, unicode.Han, unicode.Hiragana) && next >= 0x2e80):
			word = append(word, '\'')
		default:
			end()
		}
		ideograph = single
	}
	end()
	return words
}
