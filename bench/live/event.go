package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"
)

var timeName, itemName = []byte(`{"time":"`), []byte(`","item":"`)

// parseEvent reads the time and the item of a line that package stream has made.
func parseEvent(line []byte) (time.Time, string, error) {
	rest, ok := bytes.CutPrefix(line, timeName)
	text, rest, ok2 := bytes.Cut(rest, itemName)
	end := bytes.IndexByte(rest, '"')
	if !ok || !ok2 || end < 0 {
		return time.Time{}, "", fmt.Errorf("%q does not begin with a time and an item", line)
	}
	at, err := time.Parse(time.RFC3339, string(text))
	return at, string(rest[:end]), err
}

// sortedTimes are the keys of a map, the earliest first.
func sortedTimes[V any](m map[time.Time]V) []time.Time {
	return slices.SortedFunc(maps.Keys(m), time.Time.Compare)
}
