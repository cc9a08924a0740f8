package bigquery

import (
	"context"

	"cloud.google.com/go/bigquery/storage/managedwriter"

	"crest/table"
)

// Append writes rows of any tables to the tables' default streams. They can be
// read when it returns. Rows that are written again stand twice, which the views
// see through. A row that BigQuery refuses becomes one of the table rejects. On
// an error some of the rows are written.
func (c *Client) Append(ctx context.Context, rows []table.Row) error {
	rejects, err := c.append(ctx, rows)
	if err == nil && len(rejects) > 0 {
		_, err = c.append(ctx, rejects) // there is no place for what is refused here
	}
	return err
}

func (c *Client) append(ctx context.Context, rows []table.Row) (rejects []table.Row, err error) {
	for id, some := range byTable(rows) {
		s, err := c.defaultStream(ctx, id)
		if err != nil {
			return nil, err
		}
		refused, err := s.append(ctx, some)
		if err != nil {
			c.forget(id, s)
			return nil, err
		}
		made, err := c.rejects(refused)
		if err != nil {
			return nil, err
		}
		rejects = append(rejects, made...)
	}
	return rejects, nil
}

func byTable(rows []table.Row) map[table.ID][]table.Row {
	m := make(map[table.ID][]table.Row)
	for _, r := range rows {
		m[r.Table] = append(m[r.Table], r)
	}
	return m
}

// defaultStream is the one of a table that shows rows as soon as it has taken
// them. All goroutines share it.
func (c *Client) defaultStream(ctx context.Context, id table.ID) (*stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[id]; s != nil {
		return s, nil
	}
	s, err := c.open(ctx, id.Schema(), managedwriter.DefaultStream)
	if err == nil {
		c.streams[id] = s
	}
	return s, err
}

// forget closes a default stream that has failed, so that the next to write opens
// a new one.
func (c *Client) forget(id table.ID, s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams[id] == s {
		delete(c.streams, id)
		s.close() // the failure is what matters
	}
}
