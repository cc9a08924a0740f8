package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/googleapis/gax-go/v2"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// patience is how long one thing is tried; then the runner tries the bundle again,
// or gives the job up.
const patience = 10 * time.Minute

// backoff is how long is waited between attempts, at random up to these: a quota
// of the service is by the minute.
var backoff = gax.Backoff{Initial: 250 * time.Millisecond, Max: 30 * time.Second, Multiplier: 2}

// retry calls f until it succeeds, with a deadline each time, as long as the
// service says that it may.
func (c *Client) retry(ctx context.Context, timeout time.Duration, f func(context.Context) error) error {
	end := time.Now().Add(patience)
	backoff := c.backoff
	for {
		attempt, cancel := context.WithTimeout(ctx, timeout)
		err := f(attempt)
		cancel()
		if err == nil || ctx.Err() != nil || !mayRetry(err) {
			return err
		}
		pause := backoff.Pause()
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("it was tried for %v: %w", patience, err)
		}
		if err := gax.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// mayRetry tells which errors pass, by the codes documented at
// https://cloud.google.com/bigquery/docs/write-api-best-practices.
func mayRetry(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch code(err) {
	case codes.Aborted, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.Unavailable, codes.ResourceExhausted:
		return true
	}
	return false
}

// code is the code of an error of gRPC, as the clients wrap it or as it is.
func code(err error) codes.Code {
	var api *apierror.APIError
	if errors.As(err, &api) && api.GRPCStatus() != nil {
		return api.GRPCStatus().Code()
	}
	return status.Code(err)
}
