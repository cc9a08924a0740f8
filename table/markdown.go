package table

import (
	"fmt"
	"strings"
)

// Markdown describes all tables, for docs/format/tables.md.
func Markdown() string {
	var b strings.Builder
	for _, s := range schemas {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.Name, s.Doc)
		fmt.Fprintf(&b, "Identity: %s.", strings.Join(s.Key, ", "))
		if s.Version != "" {
			fmt.Fprintf(&b, " Of equal ones the greatest %s counts.", s.Version)
		}
		if s.Partition != "" {
			fmt.Fprintf(&b, " BigQuery: partitioned by day of %s, clustered by %s.",
				s.Partition, strings.Join(s.Cluster, ", "))
		}
		b.WriteString("\n\n| column | type | |\n|---|---|---|\n")
		for _, c := range s.Columns {
			markdownColumn(&b, "", c)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func markdownColumn(b *strings.Builder, within string, c Column) {
	mode := ""
	if c.Mode != Required {
		mode = ", " + c.Mode.String()
	}
	fmt.Fprintf(b, "| %s%s | %v%s | %s |\n", within, c.Name, c.Type, mode, strings.ReplaceAll(c.Doc, "|", `\|`))
	for _, f := range c.Columns {
		markdownColumn(b, c.Name+".", f)
	}
}
