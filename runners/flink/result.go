package flink

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/metricsx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
)

// result is a beam.PipelineResult.
type result struct {
	job     string
	metrics metrics.Results
}

// Metrics returns what the job counted; nothing where the server does not know,
// or the job still runs.
func (r *result) Metrics() metrics.Results { return r.metrics }

// JobID returns the job's id at the job server, which is not Flink's own.
func (r *result) JobID() string { return r.job }

// result asks for the metrics of a job that has ended, even if the context has.
func (s *jobServer) result(ctx context.Context, job string, pipeline *pipepb.Pipeline, out io.Writer) *result {
	r := &result{job: job}
	response, err := call(context.WithoutCancel(ctx), s, "asking for the metrics of job "+job, s.jobs.GetJobMetrics, &jobpb.GetJobMetricsRequest{JobId: job})
	if err != nil {
		fmt.Fprintf(out, "flink: no metrics: %v\n", err)
		return r
	}
	r.metrics = *metricsx.FromMonitoringInfos(pipeline, response.GetMetrics().GetAttempted(), response.GetMetrics().GetCommitted())
	return r
}
