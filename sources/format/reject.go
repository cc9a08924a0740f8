package format

import (
	"fmt"
	"slices"
	"strings"

	"crest/block"
)

// wantsDetail says whether the detail of another reject of this reason would be
// kept. Details cost more than records; a file that is wrong from end to end
// needs a thousand of them, not millions.
func wantsDetail(b *block.Block, reason block.Reason) bool {
	if len(b.Rejects) < block.MaxRejects {
		return true
	}
	return !slices.ContainsFunc(b.Rejects, func(r block.Reject) bool { return r.Reason == reason })
}

// maxDetail is how long the texts from a record get in a detail, in bytes.
const maxDetail = 512

// quoted is a field's name and its value for a detail, cut to a readable length.
func quoted(field string, value []byte) string {
	const most = 64
	if len(value) > most {
		return fmt.Sprintf("%s is %.*q… (%d bytes)", field, most, value, len(value))
	}
	return fmt.Sprintf("%s is %q", field, value)
}

// mostNames is how many field names a detail lists.
const mostNames = 16

// limited lists names for a detail, at most mostNames and maxDetail bytes of them.
func limited(names []string) string {
	more := ""
	if len(names) > mostNames {
		names, more = names[:mostNames], ", …"
	}
	list := strings.Join(names, ", ")
	if len(list) > maxDetail {
		list, more = strings.ToValidUTF8(list[:maxDetail], ""), "…"
	}
	return list + more
}
