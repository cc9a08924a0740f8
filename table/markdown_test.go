package table

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated part of docs/format/tables.md")

// TestDocs keeps the part between the marks in docs/format/tables.md equal to
// what Markdown says.
func TestDocs(t *testing.T) {
	const file, begin, end = "../docs/format/tables.md", "<!-- generated: columns -->\n", "<!-- end -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost its marks %q and %q", file, begin, end)
	}
	want := before + begin + "\n" + Markdown() + end + after
	if want == string(b) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: go test ./table -run Docs -update", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
