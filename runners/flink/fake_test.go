package flink

import (
	"context"
	"net"
	"sync"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const jobID = "go-job-root-0101_a2b1"

// fakeServer is a job server that records what it is asked.
type fakeServer struct {
	jobpb.UnimplementedJobServiceServer
	jobpb.UnimplementedArtifactStagingServiceServer

	address string
	options []*jobpb.PipelineOptionDescriptor
	// streams are what GetMessageStream says, each time it is called.
	streams []func(jobpb.JobService_GetMessageStreamServer) error
	state   jobpb.JobState_Enum // that GetState tells
	metrics []*pipepb.MonitoringInfo
	// cancelling is called by Cancel.
	cancelling func(*fakeServer)

	mu        sync.Mutex
	prepared  *jobpb.PrepareJobRequest
	staged    []byte
	ran       *jobpb.RunJobRequest
	opened    int // streams
	cancelled chan struct{}
}

// startFake starts a job server that has the options of Flink's.
func startFake(t *testing.T, streams ...func(jobpb.JobService_GetMessageStreamServer) error) *fakeServer {
	t.Helper()
	f := &fakeServer{options: flinkOptions(), streams: streams, cancelled: make(chan struct{})}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = lis.Addr().String()
	server := grpc.NewServer()
	jobpb.RegisterJobServiceServer(server, f)
	jobpb.RegisterArtifactStagingServiceServer(server, f)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	return f
}

// flinkOptions are some of those that Flink's job server describes.
func flinkOptions() (all []*jobpb.PipelineOptionDescriptor) {
	for kind, names := range map[jobpb.PipelineOptionType_Enum][]string{
		jobpb.PipelineOptionType_STRING:  {"app_name", "checkpointing_mode", "execution_mode_for_batch", "savepoint_path", "state_backend", "state_backend_storage_path"},
		jobpb.PipelineOptionType_BOOLEAN: {"finish_bundle_before_checkpointing", "object_reuse", "retain_docker_containers", "streaming"},
		jobpb.PipelineOptionType_INTEGER: {"checkpointing_interval", "max_bundle_size", "max_bundle_time_mills", "max_parallelism", "parallelism", "shutdown_sources_after_idle_ms"},
		jobpb.PipelineOptionType_NUMBER:  {"max_cache_memory_usage_percent"},
		jobpb.PipelineOptionType_ARRAY:   {"experiments", "files_to_stage"},
	} {
		for _, name := range names {
			all = append(all, &jobpb.PipelineOptionDescriptor{Name: name, Type: kind})
		}
	}
	return all
}

func (f *fakeServer) DescribePipelineOptions(context.Context, *jobpb.DescribePipelineOptionsRequest) (*jobpb.DescribePipelineOptionsResponse, error) {
	return &jobpb.DescribePipelineOptionsResponse{Options: f.options}, nil
}

func (f *fakeServer) Prepare(_ context.Context, r *jobpb.PrepareJobRequest) (*jobpb.PrepareJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prepared = r
	return &jobpb.PrepareJobResponse{
		PreparationId:           "preparation",
		StagingSessionToken:     "token",
		ArtifactStagingEndpoint: &pipepb.ApiServiceDescriptor{Url: f.address},
	}, nil
}

// ReverseArtifactRetrievalService asks for all the files that the pipeline needs.
func (f *fakeServer) ReverseArtifactRetrievalService(s jobpb.ArtifactStagingService_ReverseArtifactRetrievalServiceServer) error {
	first, err := s.Recv()
	if err != nil {
		return err
	}
	if first.GetStagingToken() != "token" {
		return status.Error(codes.InvalidArgument, "not the token that Prepare gave")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, env := range f.prepared.GetPipeline().GetComponents().GetEnvironments() {
		for _, file := range env.GetDependencies() {
			if err := s.Send(&jobpb.ArtifactRequestWrapper{Request: &jobpb.ArtifactRequestWrapper_GetArtifact{
				GetArtifact: &jobpb.GetArtifactRequest{Artifact: file}}}); err != nil {
				return err
			}
			for {
				part, err := s.Recv()
				if err != nil {
					return err
				}
				f.staged = append(f.staged, part.GetGetArtifactResponse().GetData()...)
				if part.GetIsLast() {
					break
				}
			}
		}
	}
	return nil
}

func (f *fakeServer) Run(_ context.Context, r *jobpb.RunJobRequest) (*jobpb.RunJobResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ran = r
	return &jobpb.RunJobResponse{JobId: jobID}, nil
}

func (f *fakeServer) GetMessageStream(_ *jobpb.JobMessagesRequest, s jobpb.JobService_GetMessageStreamServer) error {
	f.mu.Lock()
	n := f.opened
	f.opened++
	f.mu.Unlock()
	if n >= len(f.streams) {
		return status.Errorf(codes.NotFound, "stream %d was not expected", n)
	}
	return f.streams[n](s)
}

func (f *fakeServer) GetState(context.Context, *jobpb.GetJobStateRequest) (*jobpb.JobStateEvent, error) {
	return &jobpb.JobStateEvent{State: f.state}, nil
}

func (f *fakeServer) GetJobMetrics(context.Context, *jobpb.GetJobMetricsRequest) (*jobpb.GetJobMetricsResponse, error) {
	return &jobpb.GetJobMetricsResponse{Metrics: &jobpb.MetricResults{Attempted: f.metrics}}, nil
}

func (f *fakeServer) Cancel(_ context.Context, r *jobpb.CancelJobRequest) (*jobpb.CancelJobResponse, error) {
	if r.GetJobId() != jobID {
		return nil, status.Errorf(codes.NotFound, "no job %s", r.GetJobId())
	}
	if f.cancelling != nil {
		f.cancelling(f)
	}
	close(f.cancelled)
	return &jobpb.CancelJobResponse{State: jobpb.JobState_CANCELLING}, nil
}

// say makes a stream of states and messages, which ends as the last of them, an
// error, says.
func say(events ...any) func(jobpb.JobService_GetMessageStreamServer) error {
	return func(s jobpb.JobService_GetMessageStreamServer) error {
		for _, e := range events {
			switch e := e.(type) {
			case error:
				return e
			case jobpb.JobState_Enum:
				if err := s.Send(&jobpb.JobMessagesResponse{Response: &jobpb.JobMessagesResponse_StateResponse{StateResponse: &jobpb.JobStateEvent{State: e}}}); err != nil {
					return err
				}
			case *jobpb.JobMessage:
				if err := s.Send(&jobpb.JobMessagesResponse{Response: &jobpb.JobMessagesResponse_MessageResponse{MessageResponse: e}}); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func message(importance jobpb.JobMessage_MessageImportance, text string) *jobpb.JobMessage {
	return &jobpb.JobMessage{Importance: importance, MessageText: text}
}
