package summary

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// example is the summary whose bytes docs/format/summary.md shows.
func example(t testing.TB) *Summary {
	cfg := &Config{Seed: 42, Budget: 2, Counters: 2, ItemBytes: 8, Width: 4, Depth: 2}
	s := New(cfg)
	for _, item := range strings.Fields("go go go beam go kafka beam go flink go beam spark kafka kafka") {
		if err := s.Add([]byte(item), 1); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var update = flag.Bool("update", false, "rewrite the example in docs/format/summary.md")

// TestFormatExample compares the hex dump in the documentation with the bytes.
func TestFormatExample(t *testing.T) {
	const path = "../../docs/format/summary.md"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```hexdump\n.*?```")
	want := "```hexdump\n" + hex.Dump(example(t).AppendBinary(nil)) + "```"
	if *update {
		doc = block.ReplaceAllLiteral(doc, []byte(want))
		if err := os.WriteFile(path, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(block.Find(doc)); got != want {
		t.Errorf("%s shows\n%s\nthe bytes are\n%s\nwrite them with -update", path, got, want)
	}
}

func TestDecodeMalformed(t *testing.T) {
	// Exact: magic, version, kind, total 3, 2 items: "a" 1, "b" 2.
	exact := "C\x01\x00\x03\x02\x01a\x01\x01b\x02"
	// Sketched: total 6, threshold 1, seed, 2×1 cells, 1 item: "a" 4+1, cells of 1 bit.
	sketched := "C\x01\x01\x06\x01fingerpr\x02\x01\x20\x01\x01a\x04\x01\x01\x03"
	for _, good := range []string{exact, sketched} {
		s, err := Decode([]byte(good))
		if err != nil {
			t.Fatalf("%q: %v", good, err)
		}
		if got := s.AppendBinary(nil); string(got) != good {
			t.Errorf("%q is encoded again as %q", good, got)
		}
		for i := range good {
			if _, err := Decode([]byte(good[:i])); !errors.Is(err, ErrCorrupt) {
				t.Errorf("the first %d bytes of %q: %v", i, good, err)
			}
		}
	}
	head := "C\x01\x01\x06\x01fingerpr"
	for _, tt := range []struct{ name, bytes string }{
		{"magic", "D" + exact[1:]},
		{"version", "C\x02" + exact[2:]},
		{"kind", "C\x01\x02" + exact[3:]},
		{"trailing byte", exact + "\x00"},
		{"total too small", strings.Replace(exact, "\x03", "\x02", 1)},
		{"total too large where exact", strings.Replace(exact, "\x03", "\x04", 1)},
		{"total over 63 bits", "C\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"},
		{"number of 11 bytes", "C\x01\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00"},
		{"number not as short as can be", "C\x01\x00\x83\x00\x02\x01a\x01\x01b\x02"},
		{"count of 0", "C\x01\x00\x01\x02\x01a\x00\x01b\x01"},
		{"counts over 63 bits", "C\x01\x00\x03\x02\x01a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01b\x01"},
		{"number of items", "C\x01\x00\x03\xff\xff\xff\xff\x0f\x01a\x01\x01b\x02"},
		{"item too long", "C\x01\x00\x03\x01\x81\x08" + strings.Repeat("a", MaxItem+1) + "\x03"},
		{"threshold over what is not counted", strings.Replace(sketched, "\x06\x01f", "\x06\x03f", 1)},
		{"entry over what is not counted", strings.Replace(sketched, "a\x04\x01", "a\x04\x03", 1)},
		{"width of 0", head + "\x00\x01\x20\x00"},
		{"odd width", head + "\x03\x01\x20\x00\x01\x07"},
		{"depth of 0", head + "\x02\x00\x20\x00"},
		{"depth", head + "\x02\x09\x20\x00\x00"},
		{"cells of 12 bits", strings.Replace(sketched, "\x20", "\x0c", 1)},
		{"cells without bytes", head + "\x80\x80\x80\x20\x01\x20\x00\x00"},
		{"cells too many", head + "\x80\x80\x80\x20\x08\x20\x00" + strings.Repeat("\x00", 1<<10)},
		{"cells of 33 bits", sketched[:len(sketched)-2] + "\x21" + strings.Repeat("\xff", 9)},
		{"cells of more bits than they have", strings.Replace(sketched, "\x20", "\x08", 1)[:len(sketched)-2] + "\x09" + strings.Repeat("\xff", 9)},
		{"cells wider than they need", sketched[:len(sketched)-2] + "\x02\x05"},
		{"bits behind the cells", sketched[:len(sketched)-1] + "\x07"},
	} {
		if _, err := Decode([]byte(tt.bytes)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestRepeatedItem checks that bytes in which an item stands twice, which only
// who hashes the items can see, change nothing where they are refused.
func TestRepeatedItem(t *testing.T) {
	s, err := Decode([]byte("C\x01\x00\x03\x02\x01a\x01\x01a\x02"))
	if err != nil {
		t.Fatal(err)
	}
	into := example(t)
	before := into.AppendBinary(nil)
	if err := into.Merge(s); !errors.Is(err, ErrCorrupt) || !bytes.Equal(before, into.AppendBinary(nil)) {
		t.Errorf("merging: %v", err)
	}
	if err := s.Bind(&Config{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("binding: %v", err)
	}
	if err := s.Add([]byte("a"), 1); !errors.Is(err, ErrUnbound) {
		t.Errorf("adding: %v", err)
	}
}

// TestPack checks what is packed against its cells, bit by bit.
func TestPack(t *testing.T) {
	for _, cell := range []int{8, 16, 32} {
		for width := range cell + 1 {
			for n := 1; n <= blockCells*cell/64; n++ {
				words := make([]uint64, n)
				for i := range words {
					for at := 0; at < 64; at += cell {
						words[i] |= (rand.Uint64() & (1<<width - 1)) << at
					}
				}
				words[rand.IntN(n)] |= 1<<width - 1
				b := pack(nil, words, cell, width)
				want := make([]byte, (n*64/cell*width+7)/8)
				for i, c := range cellsOf(words, cell) {
					for bit := range width {
						at := i*width + bit
						want[at/8] |= byte(c>>bit&1) << (at % 8)
					}
				}
				if !bytes.Equal(b, want) {
					t.Fatalf("%x, %d of %d bits: packed as %x, want %x", words, width, cell, b, want)
				}
				got := make([]uint64, n)
				if !unpack(got, b, cell, width) || !slices.Equal(got, words) {
					t.Fatalf("%x, %d of %d bits: unpacked as %x", words, width, cell, got)
				}
				if width < cell && unpack(got, pack(nil, words, cell, width+1), cell, width+1) {
					t.Fatalf("%x: packed with a bit too many", words)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(example(f).AppendBinary(nil))
	f.Add(New(&Config{}).AppendBinary(nil))
	f.Add([]byte("C\x01\x00\x03\x02\x01a\x01\x01a\x02"))
	for i := range 20 {
		cfg := &Config{Budget: 1 + i, Counters: 1 + i, ItemBytes: 4, Width: 2 + 2*i, Depth: 1 + i%3}
		s := New(cfg)
		for j := range uint64(i * i) {
			s.Add(fmt.Append(nil, j), 1<<(j%33))
		}
		f.Add(s.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		// A record grows at most eight times, a block of 64 cells takes a byte at least.
		if s.Size() > 1<<10+(8+4*blockCells)*len(b) {
			t.Errorf("%d bytes take %d", len(b), s.Size())
		}
		if !bytes.Equal(s.AppendBinary(nil), b) {
			t.Error("decoding and encoding changes the bytes")
		}
		s.Top(3)
		// A forged summary can be wrong, but it can't do harm.
		cfg := &Config{Budget: 3, Counters: 2, ItemBytes: 4, Width: 2, Depth: 1}
		if s.light != nil {
			cfg.Width, cfg.Depth = s.light.width, s.light.depth
			s.fingerprint = cfg.Seed.Fingerprint()
		}
		into := New(cfg)
		for i := range 9 {
			into.Add(fmt.Append(nil, i), 1)
		}
		for range 3 {
			if into.Merge(s) != nil {
				break
			}
		}
		into.Add([]byte("x"), 1)
		if _, err := Decode(into.AppendBinary(nil)); err != nil {
			t.Errorf("merged: %v", err)
		}
	})
}
