package archive

import (
	"encoding/json"
	"fmt"

	"crest/archive"
)

const (
	// spanBytes is about how much makes a span, as stored; an hour of a source is
	// never parted.
	spanBytes = 64 << 20
	// spanFiles bounds the files of a span whose hours are small.
	spanFiles = 1000
)

// A span is hours of one source, in their order.
type span struct{ Groups []archive.Group }

// spans puts groups, in the order of List, into spans.
func spans(groups []archive.Group) (all []span) {
	var size int64
	files := 0
	for _, g := range groups {
		last := len(all) - 1
		if last < 0 || all[last].Groups[0].Source != g.Source || size+g.Size() > spanBytes || files+len(g.Files) > spanFiles {
			all = append(all, span{})
			size, files, last = 0, 0, last+1
		}
		all[last].Groups = append(all[last].Groups, g)
		size += g.Size()
		files += len(g.Files)
	}
	return all
}

func encodeSpan(s span) ([]byte, error) { return json.Marshal(s) }

func decodeSpan(b []byte) (s span, err error) {
	if err := json.Unmarshal(b, &s); err != nil {
		return span{}, fmt.Errorf("decoding hours of an archive: %w", err)
	}
	return s, nil
}
