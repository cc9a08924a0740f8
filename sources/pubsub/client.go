package pubsub

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// callTimeout is how long a call may take that is not a stream.
	callTimeout = 20 * time.Second
	// emulatorVariable is where the client library looks for an emulator.
	emulatorVariable = "PUBSUB_EMULATOR_HOST"
)

// newClient opens a client, without connecting.
func newClient(ctx context.Context) (*pubsub.SubscriptionAdminClient, error) {
	c, err := pubsub.NewSubscriptionAdminClient(ctx,
		option.WithUserAgent("crest"),
		// The shortest time that servers allow. With it, what is sent and not
		// confirmed for some seconds breaks the connection too.
		option.WithGRPCDialOption(grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute})))
	if err != nil {
		return nil, fmt.Errorf("%w (credentials are found as Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or the machine's account; %s reads an emulator without)", err, emulatorVariable)
	}
	return c, nil
}

// routed is the context for a stream: what servers route calls by, which the
// library adds to calls only.
func routed(ctx context.Context, subscription string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-goog-request-params", "subscription="+url.QueryEscape(subscription))
}

// endpoint is where the subscription is read, for people.
func endpoint() string {
	if addr := os.Getenv(emulatorVariable); addr != "" {
		return "the emulator at " + addr
	}
	return "pubsub.googleapis.com"
}

// permanent says whether an error stays however often the call is repeated.
// Unauthenticated may be an outage of whoever gives the tokens.
func permanent(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.InvalidArgument, codes.FailedPrecondition, codes.Unimplemented:
		return true
	}
	return false
}

// advised is an error of the server with what would be right.
func advised(err error, subscription string) error {
	var advice string
	switch status.Code(err) {
	case codes.NotFound:
		advice = "the subscription does not exist there; create it, or check project and name"
	case codes.PermissionDenied:
		advice = "the account lacks pubsub.subscriptions.consume; grant it roles/pubsub.subscriber on the subscription"
	case codes.Unauthenticated:
		advice = "the credentials are not accepted; renew them"
	case codes.Unavailable, codes.DeadlineExceeded:
		advice = "it can't be reached; check network and " + emulatorVariable
	}
	err = fmt.Errorf("%s at %s: %w", subscription, endpoint(), err)
	if advice != "" {
		err = fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// backoff is the pause between tries.
func backoff() gax.Backoff {
	return gax.Backoff{Initial: 100 * time.Millisecond, Max: 10 * time.Second, Multiplier: 2}
}

// once leaves errors to the caller, which the library would hide by retrying.
var once = gax.WithRetry(func() gax.Retryer { return nil })
