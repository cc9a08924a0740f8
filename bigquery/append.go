package bigquery

import (
	"context"
	"errors"

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
		refused, err := c.appendTable(ctx, id, some)
		if err != nil {
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

// streamTries is how many default streams are tried for the same rows: one fails
// for all who write when it fails for one.
const streamTries = 3

func (c *Client) appendTable(ctx context.Context, id table.ID, rows []table.Row) (refused []refusal, err error) {
	for range streamTries {
		s, err := c.defaultStream(ctx, id)
		if err != nil {
			return nil, err
		}
		refused, err = s.append(ctx, rows)
		if err == nil || ctx.Err() != nil { // who is told to stop leaves the stream to the others
			return refused, err
		}
		c.forget(id, s)
		if !errors.Is(err, errClosed) {
			return nil, err
		}
	}
	return nil, explain(c.target, "writing to "+id.String()+" of", errClosed)
}

func byTable(rows []table.Row) map[table.ID][]table.Row {
	m := make(map[table.ID][]table.Row)
	for _, r := range rows {
		m[r.Table] = append(m[r.Table], r)
	}
	return m
}

// A shared stream is opened by one goroutine while others wait for it.
type shared struct {
	opened chan struct{}
	stream *stream // nil where opening it failed
}

// defaultStream is the one of a table that shows rows as soon as it has taken
// them. All goroutines share it.
func (c *Client) defaultStream(ctx context.Context, id table.ID) (*stream, error) {
	for {
		c.mu.Lock()
		e := c.streams[id]
		if e == nil {
			e = &shared{opened: make(chan struct{})}
			c.streams[id] = e
			c.mu.Unlock()
			return c.openShared(ctx, id, e)
		}
		c.mu.Unlock()
		select {
		case <-e.opened:
			if e.stream != nil {
				return e.stream, nil
			}
			// Whoever tried may have been told to stop.
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Client) openShared(ctx context.Context, id table.ID, e *shared) (*stream, error) {
	defer close(e.opened)
	s, err := c.open(ctx, id.Schema(), managedwriter.DefaultStream)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.streams, id)
		return nil, err
	}
	e.stream = s
	return s, nil
}

// forget closes a default stream that has failed, so that the next to write opens
// a new one.
func (c *Client) forget(id table.ID, s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.streams[id]; e != nil && e.stream == s {
		delete(c.streams, id)
		s.close() // the failure is what matters
	}
}
