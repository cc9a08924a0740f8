// Package reference passes values between the stages of a pipeline without
// copying them, where runner and workers are one process.
//
// A local runner shares its process with the workers, and still takes every
// element through its shuffle as bytes: Beam's prism copies each some twenty
// times, in one goroutine. While references are held, a coder encodes a large
// value as a number under which this process finds it, as Flink's object reuse
// passes objects between the operators of one process. In any other process, and
// for any other kind of value, the number is an error.
//
// The bytes of a reference are
//
//	0xff, 16 bytes that no other process or kind of value has, the number as a uvarint
//
// so that the bytes of a value must not begin with 0xff.
package reference

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
)

const (
	mark   = 0xff
	naming = 16

	// worth is how many bytes a value has at least that is referred to: fewer are
	// copied as fast as they are looked up.
	worth = 1 << 10
)

// ErrNotHeld: a reference is not to anything that this process holds.
var ErrNotHeld = errors.New("decoding a reference to what this process does not hold: " +
	"the runner has workers in other processes, or the job that made it has ended")

var (
	mu      sync.RWMutex
	holders int
	forget  []func() // of each Values
)

// Hold makes references of what is encoded from now on, until release is called.
// It is for a job whose runner and workers are all this process, and which ends:
// what is referred to is kept until then.
func Hold() (release func()) {
	mu.Lock()
	defer mu.Unlock()
	holders++
	return sync.OnceFunc(func() {
		mu.Lock()
		defer mu.Unlock()
		if holders--; holders > 0 {
			return
		}
		for _, f := range forget {
			f()
		}
	})
}

// Values are the values of one kind that are referred to.
type Values[T any] struct {
	name   string
	first  uint64 // the number of values[0]
	values []T
}

// New returns the Values of one kind. They live as long as the process.
func New[T any]() *Values[T] {
	v := &Values[T]{name: rand.Text()[:naming]}
	mu.Lock()
	defer mu.Unlock()
	forget = append(forget, func() {
		v.first += uint64(len(v.values))
		v.values = nil
	})
	return v
}

// To returns the bytes of a reference to a value, which nobody may change from
// then on; or nil where the value, of about size bytes, is to travel itself.
func (v *Values[T]) To(value T, size int) []byte {
	if size < worth {
		return nil
	}
	mu.Lock()
	defer mu.Unlock()
	if holders == 0 {
		return nil
	}
	number := v.first + uint64(len(v.values))
	v.values = append(v.values, value)
	return binary.AppendUvarint(append([]byte{mark}, v.name...), number)
}

// Find returns the value that b refers to; ok is false where b is no reference.
func (v *Values[T]) Find(b []byte) (value T, ok bool, err error) {
	if len(b) == 0 || b[0] != mark {
		return value, false, nil
	}
	if len(b) <= 1+naming || string(b[1:1+naming]) != v.name {
		return value, true, ErrNotHeld
	}
	number, n := binary.Uvarint(b[1+naming:])
	mu.RLock()
	defer mu.RUnlock()
	if n != len(b)-1-naming || number < v.first || number-v.first >= uint64(len(v.values)) {
		return value, true, ErrNotHeld
	}
	return v.values[number-v.first], true, nil
}
