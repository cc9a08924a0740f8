package format

import (
	"fmt"
	"strings"
)

// jsonFields are the fields that a decoder looks for in an object.
type jsonFields struct {
	wanted
	root  *fieldNode
	used  uint8 // slots
	nodes int
}

// A fieldNode is a field on the way to a wanted field.
type fieldNode struct {
	id   int
	name string
	slot uint8
	// under are the slots of this field and those inside of it: what a second
	// field of this name makes void, because the last one counts.
	under  uint16
	fields []*fieldNode
}

func newJSONFields(o Options) (*jsonFields, error) {
	w := &jsonFields{wanted: newWanted(o), root: &fieldNode{slot: noSlot}}
	for role, name := range w.names {
		if name == "" {
			if role == roleTime || role == roleItem {
				return nil, fmt.Errorf("the name of the %s field is empty", [...]string{"time", "item"}[role])
			}
			w.slots[role] = [2]uint8{unset, unset}
			continue
		}
		whole := w.want(name)
		w.slots[role] = [2]uint8{whole, whole}
		if strings.Contains(name, ".") {
			w.slots[role][1] = w.want(strings.Split(name, ".")...)
		}
	}
	w.root.sum()
	return w, nil
}

// want is the slot of the field at a path.
func (w *jsonFields) want(path ...string) uint8 {
	at := w.root
	for _, name := range path {
		next := at.field([]byte(name))
		if next == nil {
			w.nodes++
			next = &fieldNode{id: w.nodes, name: name, slot: noSlot}
			at.fields = append(at.fields, next)
		}
		at = next
	}
	if at.slot == noSlot {
		at.slot = w.used
		w.used++
	}
	return at.slot
}

func (n *fieldNode) sum() uint16 {
	if n.slot != noSlot {
		n.under = 1 << n.slot
	}
	for _, f := range n.fields {
		n.under |= f.sum()
	}
	return n.under
}

// field is the wanted field of that name, or nil.
func (n *fieldNode) field(name []byte) *fieldNode {
	for _, f := range n.fields {
		if len(f.name) == len(name) && (len(name) == 0 || f.name[0] == name[0]) && f.name == string(name) {
			return f
		}
	}
	return nil
}
