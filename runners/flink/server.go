package flink

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	callTimeout  = 30 * time.Second // of a call
	stageTimeout = 10 * time.Minute // of sending the program to the server
	// keepalive finds a dead connection under a job that says nothing for
	// hours. Java servers refuse pings that are closer than 5 minutes.
	keepaliveTime = 6 * time.Minute
	maxReceived   = 64 << 20 // bytes of a message: the metrics of a large job
)

// jobServer is the Beam job server in front of Flink.
type jobServer struct {
	endpoint string
	conn     *grpc.ClientConn
	jobs     jobpb.JobServiceClient
	cluster  *cluster // nil where it is not known
}

func dial(endpoint, rest string) (*jobServer, error) {
	conn, err := connect(endpoint)
	if err != nil {
		return nil, err
	}
	s := &jobServer{endpoint: endpoint, conn: conn, jobs: jobpb.NewJobServiceClient(conn)}
	if rest != "" {
		s.cluster = &cluster{url: rest}
	}
	return s, nil
}

// connect prepares a connection; a call makes it. Beam's job servers speak
// neither TLS nor passwords.
func connect(endpoint string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(endpoint,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: callTimeout}),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallRecvMsgSize(maxReceived)))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", endpoint, err)
	}
	return conn, nil
}

func (s *jobServer) close() { s.conn.Close() }

// call makes one call with a deadline, and says what it was for.
func call[Q, R any](ctx context.Context, s *jobServer, doing string, method func(context.Context, Q, ...grpc.CallOption) (R, error), request Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	response, err := method(ctx, request)
	if err != nil {
		err = fmt.Errorf("%s at the job server %s: %w", doing, s.endpoint, err)
	}
	return response, err
}

// submit prepares the job, stages the program and starts the job. It returns
// the job's id.
func (s *jobServer) submit(ctx context.Context, set settings, pipeline *pipepb.Pipeline, unbounded bool, binary string) (string, error) {
	described, err := call(ctx, s, "asking for the options", s.jobs.DescribePipelineOptions, &jobpb.DescribePipelineOptionsRequest{})
	if err != nil {
		return "", err
	}
	options, err := set.options(unbounded, describe(described.GetOptions()))
	if err != nil {
		return "", err
	}
	encoded, err := encode(options)
	if err != nil {
		return "", err
	}
	if binary != "" {
		if err := runnerlib.UpdateGoEnvironmentWorker(binary, pipeline); err != nil {
			return "", fmt.Errorf("reading the program that the workers run: %w", err)
		}
	}
	prepared, err := call(ctx, s, "preparing the job", s.jobs.Prepare,
		&jobpb.PrepareJobRequest{Pipeline: pipeline, PipelineOptions: encoded, JobName: set.name})
	if err != nil {
		return "", err
	}
	if err := stage(ctx, prepared, binary); err != nil {
		return "", err
	}
	running, err := call(ctx, s, "starting the job", s.jobs.Run,
		&jobpb.RunJobRequest{PreparationId: prepared.GetPreparationId(), RetrievalToken: prepared.GetStagingSessionToken()})
	return running.GetJobId(), err
}

// encode makes the options what a job server reads: Go's own under one name,
// Java's each under its own.
func encode(options map[string]any) (*structpb.Struct, error) {
	hooks.SerializeHooksToOptions()
	beam.PipelineOptions.LoadOptionsFromFlags(nil)
	all := map[string]any{"beam:option:go_options:v1": beam.PipelineOptions.Export()}
	for name, value := range options {
		all["beam:option:"+name+":v1"] = value
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encoding the options: %w", err)
	}
	encoded := new(structpb.Struct)
	if err := protojson.Unmarshal(data, encoded); err != nil {
		return nil, fmt.Errorf("encoding the options: %w", err)
	}
	return encoded, nil
}

// stage sends the program that the workers run, if they do not run in this
// process. A server waits for it in either case.
func stage(ctx context.Context, prepared *jobpb.PrepareJobResponse, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	endpoint := prepared.GetArtifactStagingEndpoint().GetUrl()
	conn, err := connect(endpoint)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := runnerlib.StageViaPortableAPI(ctx, conn, binary, prepared.GetStagingSessionToken()); err != nil {
		return fmt.Errorf("sending the program that the workers run to %s: %w", endpoint, err)
	}
	return nil
}
