package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crest/table"
)

const (
	// maxRequest bounds the rows of a request, in bytes: the service takes 10 MB,
	// with what is around them. A row that is longer is refused.
	maxRequest = 9 << 20
	// goodRequest is the size at which a request is sent: several of them are as
	// quick as one of the largest, and hold less memory.
	goodRequest = 1 << 20
	// appendTimeout bounds one attempt to append, openTimeout any other call of the
	// API.
	appendTimeout = 2 * time.Minute
	openTimeout   = time.Minute
)

// A stream takes rows of one table. One that has offsets is used by one goroutine.
type stream struct {
	client  *Client
	encoder *encoder
	managed *managedwriter.ManagedStream
	// closed tells that another goroutine has closed it.
	closed atomic.Bool
	// next is the offset of the next row, in a stream that has offsets: so one that
	// is sent again is there once. -1 where there are none.
	next int64
}

// open opens a stream of a type. The stream outlives the call.
func (c *Client) open(ctx context.Context, s *table.Schema, kind managedwriter.StreamType) (*stream, error) {
	e := &encoder{schema: s, upsert: c.target.Upsert && kind == managedwriter.DefaultStream}
	st := &stream{client: c, encoder: e, next: -1}
	err := c.retry(ctx, openTimeout, func(ctx context.Context) error {
		life, cancel := context.WithCancel(context.WithoutCancel(ctx))
		stop := context.AfterFunc(ctx, cancel) // where it takes too long
		var err error
		st.managed, err = c.storage.NewManagedStream(life, managedwriter.WithDestinationTable(c.target.path(s)), managedwriter.WithType(kind),
			managedwriter.WithSchemaDescriptor(e.descriptor()), managedwriter.WithTraceID(agent), managedwriter.WithMaxInflightRequests(16))
		if err == nil && !stop() {
			st.managed.Close()
			err = ctx.Err()
		}
		if err != nil {
			cancel()
		}
		return err
	})
	if err != nil {
		return nil, explain(c.target, "opening a stream to "+s.Name+" of", err)
	}
	if kind != managedwriter.DefaultStream {
		st.next = 0
	}
	return st, nil
}

// errClosed is the error of a stream that somebody else has closed, as it failed.
var errClosed = errors.New("the stream was closed, as it failed for another")

func (s *stream) close() error {
	s.closed.Store(true)
	if err := s.managed.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// A refusal is a row that the service does not take, and why.
type refusal struct {
	row    table.Row
	reason string
}

// append writes rows, and returns those that the service refuses. On an error
// some may be there: in a stream with offsets none that is sent again is there
// twice.
func (s *stream) append(ctx context.Context, rows []table.Row) (refused []refusal, err error) {
	for len(rows) > 0 {
		var messages [][]byte
		var sent []table.Row
		for size := 0; len(rows) > 0 && size < goodRequest; rows = rows[1:] {
			m, err := s.encoder.append(nil, rows[0])
			if err != nil {
				return refused, err
			}
			if len(m) > maxRequest {
				refused = append(refused, refusal{rows[0], fmt.Sprintf("it has %d bytes, %d are the most", len(m), maxRequest)})
				continue
			}
			if size > 0 && size+len(m) > maxRequest {
				break
			}
			size += len(m)
			messages, sent = append(messages, m), append(sent, rows[0])
		}
		bad, err := s.send(ctx, messages, sent)
		refused = append(refused, bad...)
		if err != nil {
			return refused, explain(s.client.target, "writing to "+s.encoder.schema.Name+" of", err)
		}
	}
	return refused, nil
}

// send sends one request, without the rows that the service refuses: it takes all
// rows of a request or none.
func (s *stream) send(ctx context.Context, messages [][]byte, rows []table.Row) (refused []refusal, err error) {
	for len(messages) > 0 {
		var faults []*storagepb.RowError
		err := s.client.retry(ctx, appendTimeout, func(ctx context.Context) error {
			var err error
			faults, err = s.attempt(ctx, messages)
			return err
		})
		if err != nil {
			return refused, err
		}
		if len(faults) == 0 {
			break
		}
		slices.SortFunc(faults, func(a, b *storagepb.RowError) int { return int(b.GetIndex() - a.GetIndex()) }) // from behind
		last := int64(len(rows))
		for _, f := range faults {
			i := f.GetIndex()
			if i < 0 || i >= last { // also one that is told twice
				continue
			}
			last = i
			refused = append(refused, refusal{rows[i], f.GetMessage()})
			messages, rows = slices.Delete(messages, int(i), int(i)+1), slices.Delete(rows, int(i), int(i)+1)
		}
		if last == int64(len(rows)) {
			return refused, fmt.Errorf("the service refuses rows that it was not sent: %v", faults)
		}
	}
	if s.next >= 0 {
		s.next += int64(len(messages))
	}
	return refused, nil
}

// attempt sends rows once. It returns the rows that are at fault, for which none
// were taken.
func (s *stream) attempt(ctx context.Context, messages [][]byte) ([]*storagepb.RowError, error) {
	var options []managedwriter.AppendOption
	if s.next >= 0 {
		options = append(options, managedwriter.WithOffset(s.next))
	}
	// A copy: an attempt that was given up may be sent still.
	result, err := s.managed.AppendRows(ctx, slices.Clone(messages), options...)
	if err != nil && s.closed.Load() {
		return nil, errClosed
	}
	if err != nil {
		return nil, err
	}
	response, err := result.FullResponse(ctx)
	if err != nil && s.closed.Load() && len(response.GetRowErrors()) == 0 {
		return nil, errClosed
	}
	if faults := response.GetRowErrors(); len(faults) > 0 {
		return faults, nil
	}
	if s.next >= 0 && status.Code(err) == codes.AlreadyExists {
		return nil, nil // an attempt before this one got there
	}
	return nil, err
}
