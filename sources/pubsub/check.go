package pubsub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"
	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// checkTimeout bounds Check.
const checkTimeout = 25 * time.Second

// Check says what is wrong with the Config, or with the subscription: that it is
// not there, can't be reached, may not be read, or is not one to pull from. It
// takes less than 30 seconds.
func Check(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := check(ctx, cfg.Subscription); err != nil {
		return fmt.Errorf("checking the subscription %w", err)
	}
	return nil
}

func check(ctx context.Context, subscription string) error {
	client, err := newClient(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", subscription, err)
	}
	defer client.Close()
	sub, err := get(ctx, client, subscription)
	switch {
	case status.Code(err) == codes.PermissionDenied:
		// Who may read a subscription may not always see how it is set up.
	case err != nil:
		return advised(err, subscription)
	case sub.Detached:
		return fmt.Errorf("%s: it is detached from its topic and gets no messages; create another", subscription)
	case sub.PushConfig.GetPushEndpoint() != "" || sub.BigqueryConfig != nil || sub.CloudStorageConfig != nil:
		return fmt.Errorf("%s: its messages are pushed elsewhere; it must be a pull subscription", subscription)
	}
	const consume = "pubsub.subscriptions.consume"
	may, err := client.TestIamPermissions(ctx, &iampb.TestIamPermissionsRequest{Resource: subscription, Permissions: []string{consume}})
	switch {
	case status.Code(err) == codes.Unimplemented: // an emulator: all may read
	case err != nil:
		return advised(err, subscription)
	case len(may.Permissions) == 0:
		return advised(status.Error(codes.PermissionDenied, "no permission to read"), subscription)
	}
	return nil
}

// get asks for the subscription, a few times where it can't be reached.
func get(ctx context.Context, client *pubsub.SubscriptionAdminClient, subscription string) (*pubsubpb.Subscription, error) {
	var last error
	pause := backoff()
	for range 5 {
		sub, err := client.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: subscription}, once)
		if err == nil || status.Code(err) != codes.Unavailable {
			if errors.Is(err, context.DeadlineExceeded) && last != nil {
				err = last
			}
			return sub, err
		}
		last = err
		if gax.Sleep(ctx, pause.Pause()) != nil {
			break
		}
	}
	return nil, last
}
