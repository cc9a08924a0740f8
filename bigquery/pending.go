package bigquery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"

	"crest/table"
)

// A Pending is a stream of rows of one table that nobody sees until it is
// committed; without that BigQuery throws them away after hours. It is used by
// one goroutine.
type Pending struct {
	stream *stream
	rows   int64
}

// Pend opens a pending stream to a table.
func (c *Client) Pend(ctx context.Context, id table.ID) (*Pending, error) {
	s, err := c.open(ctx, id.Schema(), managedwriter.PendingStream)
	if err != nil {
		return nil, err
	}
	return &Pending{stream: s}, nil
}

// Append writes rows, each once whatever is tried again. It returns rows of the
// table rejects for those that BigQuery refuses. After an error the stream is of
// no use but for Close.
func (p *Pending) Append(ctx context.Context, rows []table.Row) (rejects []table.Row, err error) {
	refused, err := p.stream.append(ctx, rows)
	if err != nil {
		return nil, err
	}
	p.rows += int64(len(rows) - len(refused))
	return p.stream.client.rejects(refused)
}

// Finalize ends the stream and returns its name, by which it is committed, and
// the number of its rows.
func (p *Pending) Finalize(ctx context.Context) (name string, rows int64, err error) {
	var n int64
	err = p.stream.client.retry(ctx, openTimeout, func(ctx context.Context) error {
		var err error
		n, err = p.stream.managed.Finalize(ctx)
		return err
	})
	c, s := p.stream.client, p.stream.encoder.schema
	if err == nil && n != p.rows {
		err = fmt.Errorf("it holds %d rows, %d were written", n, p.rows)
	}
	return p.stream.managed.StreamName(), p.rows, explain(c.target, "ending a stream to "+s.Name+" of", err)
}

// Close releases what the stream holds in this process.
func (p *Pending) Close() error { return p.stream.close() }

// maxCommit is how many streams are committed at once, and so seen at once.
const maxCommit = 100

// Commit makes the rows of a table's pending streams visible, all of a hundred
// streams at the same instant. Streams that are committed already count as done,
// so it may be called again after any failure.
func (c *Client) Commit(ctx context.Context, id table.ID, streams []string) error {
	s := id.Schema()
	for some := range slices.Chunk(streams, maxCommit) {
		if err := c.commit(ctx, s, slices.Clone(some)); err != nil {
			return explain(c.target, fmt.Sprintf("committing %d streams to %s of", len(streams), s.Name), err)
		}
	}
	return nil
}

func (c *Client) commit(ctx context.Context, s *table.Schema, streams []string) error {
	for len(streams) > 0 {
		var faults []*storagepb.StorageError
		err := c.retry(ctx, openTimeout, func(ctx context.Context) error {
			response, err := c.storage.BatchCommitWriteStreams(ctx, &storagepb.BatchCommitWriteStreamsRequest{Parent: c.target.path(s), WriteStreams: streams})
			faults = response.GetStreamErrors()
			if err == nil && len(faults) == 0 && response.GetCommitTime() == nil {
				err = errors.New("neither a time of the commit nor an error came back")
			}
			return err
		})
		if err != nil || len(faults) == 0 {
			return err
		}
		// Where one stream has a fault none is committed.
		before := len(streams)
		for _, f := range faults {
			if f.GetCode() != storagepb.StorageError_STREAM_ALREADY_COMMITTED {
				return fmt.Errorf("stream %s: %s (%v)", f.GetEntity(), f.GetErrorMessage(), f.GetCode())
			}
			streams = slices.DeleteFunc(streams, func(name string) bool { return name == f.GetEntity() })
		}
		if len(streams) == before {
			return fmt.Errorf("streams are said to be committed that were not asked for: %v", faults)
		}
	}
	return nil
}
