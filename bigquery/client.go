package bigquery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"crest/table"

	bq "cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// callTimeout bounds a call of the REST API, with the client's own retries.
	callTimeout = 30 * time.Second
	// agent is what requests say of who sends them.
	agent = "crest"
)

// A Client speaks to a dataset. Its methods may be called from several
// goroutines.
type Client struct {
	target  Target
	rest    *bq.Client
	storage *managedwriter.Client

	mu      sync.Mutex
	streams map[table.ID]*shared // default streams

	backoff gax.Backoff
	// missing is how long it is tried again where a table is said to be missing.
	missing time.Duration
	refused atomic.Int64
}

// Open connects to a dataset, which need not be there yet: see Prepare. Where
// there are no credentials it says how to get some.
func Open(ctx context.Context, t Target) (*Client, error) {
	if (t.Endpoint == "") != (t.StorageEndpoint == "") {
		return nil, errors.New("--bigquery_endpoint and --bigquery_storage_endpoint belong together: give both, or none")
	}
	// Clients keep the context for what they do in the background.
	ctx = context.WithoutCancel(ctx)
	rest, err := bq.NewClient(ctx, t.Project, t.RESTOptions()...)
	if err != nil {
		return nil, explain(t, "connecting to", err)
	}
	rest.Location = t.Location
	storage, err := managedwriter.NewClient(ctx, t.Project, t.StorageOptions()...)
	if err != nil {
		return nil, explain(t, "connecting to", errors.Join(err, rest.Close()))
	}
	return &Client{target: t, rest: rest, storage: storage, backoff: backoff, missing: missingPatience, streams: make(map[table.ID]*shared)}, nil
}

// RESTOptions are those of a client of the REST API.
func (t Target) RESTOptions() []option.ClientOption {
	options := []option.ClientOption{option.WithUserAgent(agent)}
	if t.Endpoint != "" {
		options = append(options, option.WithEndpoint(t.Endpoint), option.WithoutAuthentication())
	}
	return options
}

// StorageOptions are those of a client of the Storage APIs.
func (t Target) StorageOptions() []option.ClientOption {
	options := []option.ClientOption{option.WithUserAgent(agent)}
	if t.StorageEndpoint != "" {
		options = append(options, option.WithEndpoint(t.StorageEndpoint), option.WithoutAuthentication(),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	}
	return options
}

// Close ends the connections. Nobody may be writing any more.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for id, e := range c.streams {
		if e.stream != nil {
			errs = append(errs, e.stream.close())
		}
		delete(c.streams, id)
	}
	errs = append(errs, c.storage.Close(), c.rest.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the connection to %s: %w", c.target, err)
	}
	return nil
}
