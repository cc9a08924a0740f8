package flink

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

func TestFailure(t *testing.T) {
	f := startFake(t, say(jobpb.JobState_STOPPED, jobpb.JobState_RUNNING,
		message(jobpb.JobMessage_JOB_MESSAGE_BASIC, "half way"),
		message(jobpb.JobMessage_JOB_MESSAGE_ERROR, "survived"), message(jobpb.JobMessage_JOB_MESSAGE_ERROR, "survived"),
		message(jobpb.JobMessage_JOB_MESSAGE_DEBUG, "stack"),
		message(jobpb.JobMessage_JOB_MESSAGE_ERROR, "the cause\nand its second line"),
		jobpb.JobState_FAILED))
	_, out, err := run(t.Context(), inLoopback(f), stream())
	if err == nil || !strings.Contains(err.Error(), "failed: the cause\nand its second line") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"RUNNING", "half way", "survived", "FAILED", jobID} {
		if strings.Count(out, text) != 1 {
			t.Errorf("%q is not once in\n%s", text, out)
		}
	}
	if strings.Contains(out, "the cause") || strings.Contains(out, "stack") {
		t.Errorf("told twice:\n%s", out)
	}
}

func TestFailureOfAFinishedJob(t *testing.T) {
	f := startFake(t, say(message(jobpb.JobMessage_JOB_MESSAGE_ERROR, "the cause"), jobpb.JobState_STOPPED))
	f.state = jobpb.JobState_FAILED
	if _, _, err := run(t.Context(), inLoopback(f), stream()); err == nil || !strings.Contains(err.Error(), "failed: the cause") {
		t.Errorf("got %v", err)
	}
}

// A job that goes on shows an error without another word of the server.
func TestErrorSurvived(t *testing.T) {
	shown := make(chan struct{})
	f := startFake(t, func(s jobpb.JobService_GetMessageStreamServer) error {
		if err := say(jobpb.JobState_RUNNING, message(jobpb.JobMessage_JOB_MESSAGE_ERROR, "survived"))(s); err != nil {
			return err
		}
		<-shown
		return say(jobpb.JobState_DONE)(s)
	})
	out := writerFunc(func(line string) {
		if strings.Contains(line, "survived") {
			close(shown)
		}
	})
	if _, err := inLoopback(f).execute(WithOutput(t.Context(), out), stream()); err != nil {
		t.Error(err)
	}
}

type writerFunc func(string)

func (f writerFunc) Write(p []byte) (int, error) {
	f(string(p))
	return len(p), nil
}

func TestReconnect(t *testing.T) {
	one := message(jobpb.JobMessage_JOB_MESSAGE_BASIC, "one")
	two := message(jobpb.JobMessage_JOB_MESSAGE_BASIC, "two")
	f := startFake(t,
		say(jobpb.JobState_STARTING, jobpb.JobState_RUNNING, one, status.Error(codes.Unavailable, "cut")),
		say(one, two, jobpb.JobState_STARTING, jobpb.JobState_RUNNING, jobpb.JobState_DONE))
	_, out, err := run(t.Context(), inLoopback(f), stream())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"STARTING", "RUNNING", "one", "two", "DONE"} {
		if strings.Count(out, text) != 1 {
			t.Errorf("%q is not once in\n%s", text, out)
		}
	}
	f = startFake(t, say(jobpb.JobState_RUNNING, status.Error(codes.NotFound, "no such job")))
	if _, _, err := run(t.Context(), inLoopback(f), stream()); err == nil || !strings.Contains(err.Error(), "no such job") {
		t.Errorf("a server that has lost the job: got %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	states := make(chan string, 1)
	states <- "RUNNING"
	rest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.String() {
		case "GET /jobs/overview":
			state := <-states
			states <- state
			io.WriteString(w, `{"jobs":[{"jid":"7","name":"another","state":"RUNNING","start-time":9},{"jid":"8","name":"go-job-root-0101","state":"`+state+`","start-time":5}]}`)
		case "PATCH /jobs/8?mode=cancel":
			<-states
			states <- "CANCELED"
		default:
			http.NotFound(w, r)
		}
	}))
	defer rest.Close()

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var f *fakeServer
	f = startFake(t, func(s jobpb.JobService_GetMessageStreamServer) error {
		if err := say(jobpb.JobState_RUNNING)(s); err != nil {
			return err
		}
		interrupt()
		<-f.cancelled
		return say(jobpb.JobState_CANCELLED)(s)
	})
	var workers string
	f.cancelling = func(f *fakeServer) {
		workers = loopbackAddress(t, f.prepared.GetPipeline())
		if err := startWorker(workers); err != nil {
			t.Errorf("the workers ended before the job: %v", err)
		}
	}
	s := inLoopback(f)
	s.rest = rest.URL
	_, _, err := run(ctx, s, stream())
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), jobID) {
		t.Errorf("got %v", err)
	}
	if state := <-states; state != "CANCELED" {
		t.Errorf("the job is %s in Flink", state)
	}
	if c, err := net.Dial("tcp", workers); err == nil {
		c.Close()
		t.Error("the workers outlive the job")
	}
}

// loopbackAddress is where the server of the workers in this process listens.
func loopbackAddress(t *testing.T, p *pipepb.Pipeline) string {
	t.Helper()
	for _, env := range p.GetComponents().GetEnvironments() {
		var payload pipepb.ExternalPayload
		if err := proto.Unmarshal(env.GetPayload(), &payload); err != nil {
			t.Error(err)
		}
		return payload.GetEndpoint().GetUrl()
	}
	t.Error("no environment")
	return ""
}

// fakeRunner is what a worker connects to for its orders.
type fakeRunner struct {
	fnpb.UnimplementedBeamFnControlServer
	connected chan struct{}
}

func (f *fakeRunner) Control(s fnpb.BeamFnControl_ControlServer) error {
	close(f.connected)
	<-s.Context().Done()
	return nil
}

// startWorker has a worker started, and waits until it asks for orders.
func startWorker(workers string) error {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	runner := &fakeRunner{connected: make(chan struct{})}
	server := grpc.NewServer()
	fnpb.RegisterBeamFnControlServer(server, runner)
	go server.Serve(lis)
	defer server.Stop()
	conn, err := connect(workers)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	endpoint := &pipepb.ApiServiceDescriptor{Url: lis.Addr().String()}
	r, err := fnpb.NewBeamFnExternalWorkerPoolClient(conn).StartWorker(ctx,
		&fnpb.StartWorkerRequest{WorkerId: "1", ControlEndpoint: endpoint, LoggingEndpoint: endpoint})
	if err != nil {
		return err
	}
	if r.GetError() != "" {
		return errors.New(r.GetError())
	}
	select {
	case <-runner.connected:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestCancelledElsewhere(t *testing.T) {
	f := startFake(t, say(jobpb.JobState_RUNNING, jobpb.JobState_CANCELLED))
	if _, _, err := run(t.Context(), inLoopback(f), stream()); err == nil || !strings.Contains(err.Error(), "cancelled by somebody else") {
		t.Errorf("got %v", err)
	}
}
