package archive

import "crest/block"

// A Fault is what could not be read as a record, kept as a reject is.
type Fault struct {
	// Path is the file.
	Path string
	block.Reject
}

// Faults is called with each fault, in the order of a file.
type Faults func(Fault)

func (f Faults) tell(path string, offset int64, reason block.Reason, detail string, raw []byte) {
	raw = append([]byte(nil), raw[:min(len(raw), block.MaxRejectRaw)]...)
	f(Fault{Path: path, Reject: block.Reject{Offset: offset, Reason: reason, Detail: detail, Raw: raw, Count: 1}})
}
