package block

import (
	"bytes"
	"testing"
)

// fill returns a block of one row in a room.
func fill(text string) Block {
	r, data := NewRoom(64)
	b := r.Block(append(data, text...))
	b.Times = append(b.Times, 1)
	b.Items = append(b.Items, Text{Len: uint32(len(text))})
	return b
}

// A room is used again after the last release, and not before.
func TestRoom(t *testing.T) {
	ClobberReleased = true
	defer func() { ClobberReleased = false }()
	first := fill("first")
	copied := first // every copy is the same block
	first.Hold()
	copied.Release()
	second := fill("second")
	if got := string(first.Text(first.Items[0])); got != "first" || first.Times[0] != 1 {
		t.Errorf("a block that is held reads %q", got)
	}
	text := first.Data
	first.Release()
	if bytes.Contains(text, []byte("first")) {
		t.Error("a block can be read after its last release")
	}
	third := fill("third")
	if got := string(second.Text(second.Items[0])); got != "second" {
		t.Errorf("another block reads %q", got)
	}
	if got := string(third.Text(third.Items[0])); got != "third" {
		t.Errorf("a block in a room that was used reads %q", got)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a block was released twice")
			}
		}()
		third.Release()
		third.Release()
	}()
	for range 2 { // its memory is its own
		alone := Block{Data: []byte("alone")}
		alone.Release()
		if string(alone.Data) != "alone" {
			t.Error("a block without a room was released")
		}
	}
}

// A record of uncommon size does not leave its memory behind.
func TestRoomOfUncommonSize(t *testing.T) {
	for range 100 {
		r, data := NewRoom(64)
		if cap(data) > 128 {
			t.Fatalf("a room for 64 bytes has %d", cap(data))
		}
		b := r.Block(append(data, make([]byte, 1000)...))
		b.Release()
	}
}

// Columns that a block before had are not there, and those that are opened are
// empty, or 1.
func TestRoomColumns(t *testing.T) {
	for range 100 {
		b := fill("x")
		if b.Segments != nil || b.Weights != nil {
			t.Fatal("a new block has segments or weights")
		}
		b.OpenSegments(1)
		b.OpenWeights(1)
		if b.Segments[0] != (Text{}) || b.Weights[0] != 1 {
			t.Fatalf("opened as %v and %d", b.Segments[0], b.Weights[0])
		}
		b.Segments[0], b.Weights[0] = Text{1, 2}, 3
		b.Release()
	}
}
