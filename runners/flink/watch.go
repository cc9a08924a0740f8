package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
)

const (
	// cancelTimeout is how long a job that was cancelled may take to end.
	cancelTimeout = time.Minute
	// holdTime is how long an error waits to be told by the job's failure.
	holdTime = time.Second
)

// watch shows what becomes of a job until it ends. It returns nil where the
// job did all it had to. If the context ends, so does the job.
func (s *jobServer) watch(ctx context.Context, job string, out io.Writer) error {
	// The job outlives the context for as long as it takes to cancel it.
	streaming, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	events := make(chan *jobpb.JobMessagesResponse)
	lost := make(chan error, 1)
	f := &follower{server: s, job: job, events: events}
	go func() { lost <- f.run(streaming) }()

	w := watcher{job: job, out: out}
	interrupted := ctx.Done()
	var cancelled chan error // while the job is being cancelled
	var overdue <-chan time.Time
	for {
		select {
		case e := <-events:
			w.see(e)
		case <-w.held:
			w.flush()
		case <-interrupted:
			interrupted, cancelled, overdue = nil, make(chan error, 1), time.After(cancelTimeout)
			fmt.Fprintf(out, "flink: cancelling job %s\n", job)
			if s.cluster == nil {
				fmt.Fprintf(out, "flink: the job server only forgets the job, and Flink may run it on: cancel %s in Flink, or have it done with --flink_rest\n", flinkName(job))
			}
			go func() { cancelled <- s.cancel(streaming, job) }()
		case err := <-cancelled:
			if cancelled = nil; err != nil {
				return errors.Join(ctx.Err(), fmt.Errorf("%w; the job may run on: look in Flink", err))
			}
		case <-overdue:
			return errors.Join(ctx.Err(), fmt.Errorf("job %s was cancelled, and is still %s after %v: look in Flink", job, w.state, cancelTimeout))
		case err := <-lost:
			if err != nil {
				w.flush()
				return errors.Join(ctx.Err(), fmt.Errorf("watching job %s at the job server %s: %w; the job may run on: look in Flink", job, s.endpoint, err))
			}
			lost = nil
		}
		if terminal(w.state) && cancelled == nil {
			return w.outcome(ctx.Err())
		}
	}
}

// cancel cancels a job at the job server, and then in Flink: the other way
// round the job server would take it for failed.
func (s *jobServer) cancel(ctx context.Context, job string) error {
	_, err := call(ctx, s, "cancelling job "+job, s.jobs.Cancel, &jobpb.CancelJobRequest{JobId: job})
	if s.cluster == nil {
		return err
	}
	if err2 := s.cluster.cancel(ctx, job); err2 != nil {
		err = errors.Join(err, fmt.Errorf("cancelling job %s in Flink: %w", job, err2))
	}
	return err
}

// watcher is what was heard of a job.
type watcher struct {
	job   string
	out   io.Writer
	state jobpb.JobState_Enum

	// The last error. It is told by the failure that follows it, or shown if
	// the job goes on. held fires when it has waited long enough.
	failure string
	held    <-chan time.Time
}

// see shows a state or a message. Debugging messages repeat what errors say.
func (w *watcher) see(e *jobpb.JobMessagesResponse) {
	if s := e.GetStateResponse(); s != nil {
		// STOPPED is what a job is before it starts.
		if s.GetState() != w.state && s.GetState() != jobpb.JobState_STOPPED {
			fmt.Fprintf(w.out, "flink: the job is %s\n", s.GetState())
		}
		w.state = s.GetState()
		return
	}
	m := e.GetMessageResponse()
	switch text := m.GetMessageText(); m.GetImportance() {
	case jobpb.JobMessage_JOB_MESSAGE_ERROR:
		if text != w.failure {
			w.flush()
			w.failure, w.held = text, time.After(holdTime)
		}
	case jobpb.JobMessage_JOB_MESSAGE_WARNING:
		fmt.Fprintf(w.out, "flink: warning: %s\n", text)
	case jobpb.JobMessage_JOB_MESSAGE_BASIC:
		fmt.Fprintf(w.out, "flink: %s\n", text)
	}
}

// flush shows an error that the job has survived.
func (w *watcher) flush() {
	if w.held != nil {
		fmt.Fprintf(w.out, "flink: error: %s\n", w.failure)
		w.held = nil
	}
}

func terminal(s jobpb.JobState_Enum) bool {
	switch s {
	case jobpb.JobState_DONE, jobpb.JobState_DRAINED, jobpb.JobState_UPDATED, jobpb.JobState_CANCELLED, jobpb.JobState_FAILED:
		return true
	}
	return false
}

// outcome makes an error of the job's end. interrupted is the context's error.
func (w *watcher) outcome(interrupted error) error {
	switch w.state {
	case jobpb.JobState_FAILED:
		if w.failure == "" {
			w.failure = "the job server does not say why; Flink's log does"
		}
		return errors.Join(interrupted, fmt.Errorf("job %s failed: %s", w.job, w.failure))
	case jobpb.JobState_CANCELLED:
		w.flush()
		if interrupted != nil {
			return fmt.Errorf("job %s was cancelled: %w", w.job, interrupted)
		}
		return fmt.Errorf("job %s was cancelled by somebody else", w.job)
	}
	w.flush()
	return nil
}
