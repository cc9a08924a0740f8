package bigquery

import (
	"fmt"
	"strings"
)

// Literal makes a literal of SQL of any text, with the escapes of
// https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences.
// It is for what takes no parameters: rows of a read session, and people.
func Literal(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
