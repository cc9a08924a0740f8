package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/googleapis/gax-go/v2"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// passing is how long one thing is tried; then the runner tries the bundle again,
	// or gives the job up.
	passing = 10 * time.Minute
	// missingPatience is how long where a table is said not to be there.
	missingPatience = 90 * time.Second
)

// backoff is how long is waited between attempts, at random up to these: a quota
// of the service is by the minute.
var backoff = gax.Backoff{Initial: 250 * time.Millisecond, Max: 30 * time.Second, Multiplier: 2}

// retry calls f until it succeeds, with a deadline each time, as long as the
// service says that it may.
func (c *Client) retry(ctx context.Context, timeout time.Duration, f func(context.Context) error) error {
	began, backoff := time.Now(), c.backoff
	for {
		attempt, cancel := context.WithTimeout(ctx, timeout)
		err := f(attempt)
		cancel()
		patience := c.patience(err)
		if err == nil || ctx.Err() != nil || patience == 0 {
			return err
		}
		pause := backoff.Pause()
		if time.Since(began)+pause > patience {
			return fmt.Errorf("it was tried for %v: %w", patience, err)
		}
		if err := gax.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// patience is how long something is tried again that failed so, by the codes
// documented at https://cloud.google.com/bigquery/docs/write-api-best-practices; 0
// where it won't pass. For a while after a table was made, or got a column, parts of
// the service do not know of it.
func (c *Client) patience(err error) time.Duration {
	if errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) {
		return passing
	}
	switch code(err) {
	case codes.Aborted, codes.Canceled, codes.DeadlineExceeded, codes.Internal, codes.Unavailable, codes.ResourceExhausted:
		return passing
	case codes.NotFound:
		return c.missing
	case codes.InvalidArgument:
		if storageCode(err) == storagepb.StorageError_SCHEMA_MISMATCH_EXTRA_FIELDS {
			return passing
		}
	}
	return 0
}

// storageCode is the code of the Storage APIs' own, where an error has one.
func storageCode(err error) storagepb.StorageError_StorageErrorCode {
	var api *apierror.APIError
	var detail storagepb.StorageError
	if !errors.As(err, &api) || api.Details().ExtractProtoMessage(&detail) != nil {
		return storagepb.StorageError_STORAGE_ERROR_CODE_UNSPECIFIED
	}
	return detail.GetCode()
}

// code is the code of an error of gRPC, as the clients wrap it or as it is.
func code(err error) codes.Code {
	var api *apierror.APIError
	if errors.As(err, &api) && api.GRPCStatus() != nil {
		return api.GRPCStatus().Code()
	}
	return status.Code(err)
}
