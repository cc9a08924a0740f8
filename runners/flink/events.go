package flink

import (
	"context"
	"errors"
	"io"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	lostTimeout = time.Minute // that the job server may be away
	retryAfter  = time.Second
)

// follower reads what a job server says of one job.
type follower struct {
	server *jobServer
	job    string
	events chan<- *jobpb.JobMessagesResponse

	// How many were passed on. Every stream begins with all of the job's
	// messages, and then all of its states.
	messages, states int
}

// run passes the states and messages on, each once, until a terminal state. A
// server that was away for a while, and still knows the job, is asked again.
func (f *follower) run(ctx context.Context) error {
	lost := time.Now()
	for {
		heard, err := f.follow(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if heard {
			lost = time.Now()
		}
		if away := errors.Is(err, io.EOF) || status.Code(err) == codes.Unavailable; !away || time.Since(lost) > lostTimeout {
			return err
		}
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow reads one stream to its end, and tells whether it said anything. The
// error is nil after a terminal state.
func (f *follower) follow(ctx context.Context) (heard bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := f.server.jobs.GetMessageStream(ctx, &jobpb.JobMessagesRequest{JobId: f.job}, grpc.WaitForReady(false))
	if err != nil {
		return false, err
	}
	messages, states := 0, 0
	for {
		e, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return heard, f.end(ctx)
		}
		if err != nil {
			return heard, err
		}
		heard = true
		count, passed := &messages, &f.messages
		if e.GetStateResponse() != nil {
			count, passed = &states, &f.states
		}
		if *count++; *count <= *passed {
			continue
		}
		if err := f.pass(ctx, e); err != nil {
			return heard, err
		}
		*passed = *count
		if terminal(e.GetStateResponse().GetState()) {
			return heard, nil
		}
	}
}

// end passes on the terminal state of a stream that ended without it, as it
// does for a job that had ended when the stream began.
func (f *follower) end(ctx context.Context) error {
	state, err := call(ctx, f.server, "asking for the state of job "+f.job, f.server.jobs.GetState, &jobpb.GetJobStateRequest{JobId: f.job})
	if err != nil {
		return err
	}
	if !terminal(state.GetState()) {
		return io.EOF
	}
	return f.pass(ctx, &jobpb.JobMessagesResponse{Response: &jobpb.JobMessagesResponse_StateResponse{StateResponse: state}})
}

func (f *follower) pass(ctx context.Context, e *jobpb.JobMessagesResponse) error {
	select {
	case f.events <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
