package main

import "strings"

// goMap counts exactly, in what memory it takes: the yardstick of speed, and of
// what is saved.
type goMap map[string]*uint64

func newGoMap(int) summary { return goMap{} }

func (m goMap) add(item []byte) error {
	m.addCount(item, 1)
	return nil
}

func (m goMap) addCount(item []byte, n uint64) {
	if c, ok := m[string(item)]; ok {
		*c += n
		return
	}
	m[string(item)] = &n
}

func (m goMap) merge(other summary) error {
	for item, n := range other.(goMap) {
		if c, ok := m[item]; ok {
			*c += *n
			continue
		}
		n := *n
		m[strings.Clone(item)] = &n
	}
	return nil
}

func (m goMap) rows() (rows []row, absent uint64) {
	for item, n := range m {
		rows = append(rows, row{item, *n, *n, *n})
	}
	return rows, 0
}

// size counts, for each item, its bytes and count in steps of 8, and a slot of
// string header, pointer and control byte in a table that is 7/8 full at best
// and half of that after it has grown: 2/3 on average.
func (m goMap) size() int {
	const slot = (16 + 8 + 1) * 3 / 2
	n := 0
	for item := range m {
		n += slot + 8 + (len(item)+7)/8*8
	}
	return n
}
