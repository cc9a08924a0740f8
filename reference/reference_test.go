package reference

import (
	"bytes"
	"errors"
	"sync"
	"testing"
)

func TestReference(t *testing.T) {
	texts, numbers := New[*string](), New[int]()
	value := "value"
	if b := texts.To(&value, worth); b != nil {
		t.Fatalf("a reference that nobody holds: %x", b)
	}
	if _, ok, err := texts.Find([]byte(value)); ok || err != nil {
		t.Fatalf("bytes that are no reference: %v, %v", ok, err)
	}
	outer, inner := Hold(), Hold()
	if b := texts.To(&value, worth-1); b != nil {
		t.Fatalf("a reference to what is copied as fast: %x", b)
	}
	b, of7 := texts.To(&value, worth), numbers.To(7, worth)
	if got, ok, err := texts.Find(b); got != &value || !ok || err != nil {
		t.Errorf("found %v, %v, %v", got, ok, err)
	}
	if got, ok, err := numbers.Find(of7); got != 7 || !ok || err != nil {
		t.Errorf("found %v, %v, %v", got, ok, err)
	}
	inner()
	inner() // does nothing
	if got, _, err := texts.Find(b); got != &value || err != nil {
		t.Errorf("with one of two holders left: %v, %v", got, err)
	}
	outer()
	if got, ok, err := texts.Find(b); got != nil || !ok || !errors.Is(err, ErrNotHeld) {
		t.Errorf("after the last release: %v, %v, %v", got, ok, err)
	}
	defer Hold()()
	other := "other"
	if again := texts.To(&other, worth); bytes.Equal(again, b) {
		t.Error("a number was given twice")
	}
	if got, _, err := texts.Find(b); got != nil || !errors.Is(err, ErrNotHeld) {
		t.Errorf("the reference of a job that has ended: %v, %v", got, err)
	}
}

// Of a number that is not this process's, not of this kind, or not held, comes an
// error, never another value.
func TestNotHeld(t *testing.T) {
	defer Hold()()
	texts, numbers := New[string](), New[int]()
	b := texts.To("value", worth)
	elsewhere := bytes.Clone(b)
	elsewhere[3] ^= 1
	name := b[: 1+naming : 1+naming]
	for _, wrong := range [][]byte{elsewhere, numbers.To(0, worth), b[:1], b[:9], name, append(b[:len(b):len(b)], 0), append(name, 0xff, 0xff, 1), append(name, 0x80)} {
		if got, ok, err := texts.Find(wrong); !ok || !errors.Is(err, ErrNotHeld) {
			t.Errorf("%x: %q, %v, %v", wrong, got, ok, err)
		}
	}
}

// Stages run side by side.
func TestSideBySide(t *testing.T) {
	defer Hold()()
	numbers := New[int]()
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 1000 {
				if got, _, err := numbers.Find(numbers.To(n, worth)); got != n || err != nil {
					t.Errorf("found %d for %d: %v", got, n, err)
				}
			}
		})
	}
	wg.Wait()
}
