package bigquery

import (
	"fmt"
	"strings"
	"time"

	"crest/table"
)

// refusedReason is the reason of rejects that BigQuery made.
const refusedReason = "refused by BigQuery"

// maxRaw is how much of a refused row is kept, in bytes.
const maxRaw = 4 << 10

// rejects are rows of the table rejects, for rows that were refused.
func (c *Client) rejects(refused []refusal) (rows []table.Row, err error) {
	c.refused.Add(int64(len(refused)))
	for _, r := range refused {
		row, err := c.reject(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (c *Client) reject(r refusal) (table.Row, error) {
	s := r.row.Table.Schema()
	values, err := r.row.Values(nil)
	if err != nil {
		return table.Row{}, err
	}
	// The key in full: it tells rejects apart, and a person what is missing.
	source := []string{fmt.Sprintf("bigquery:%s.%s", c.target, s.Name)}
	for _, name := range s.Key {
		source = append(source, fmt.Sprintf("%s=%v", name, values[s.Index(name)]))
	}
	return table.Encode(table.Reject{
		Job: values[s.Index("job")].(string), Run: values[s.Index("run")].(string),
		Source: strings.Join(source, " "), Offset: -1, Reason: refusedReason, Detail: r.reason,
		Raw: r.row.Data[:min(len(r.row.Data), maxRaw)], Count: 1, WrittenAt: table.TimeOf(time.Now()),
	})
}

// TakeRefused is how many rows BigQuery has refused since it was last called.
func (c *Client) TakeRefused() int64 { return c.refused.Swap(0) }
