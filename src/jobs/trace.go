package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// adding lets the trace of a request go on in the jobs that it adds: the job's metadata say where.
type adding struct{ river.MiddlewareDefaults }

// InsertMany implements [rivertype.JobInsertMiddleware].
func (*adding) InsertMany(ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	ctx, span := tracing.Start(ctx, tracing.Producer, "add job")
	defer span.End()
	parent := tracing.Current(ctx)
	if parent.Traceparent == "" || len(jobs) == 0 {
		return insert(ctx)
	}
	span.Text("ibutsu.job.kind", jobs[0].Kind)
	span.Number("ibutsu.jobs", int64(len(jobs)))
	for _, job := range jobs {
		job.Metadata = withParent(job.Metadata, parent)
	}
	added, err := insert(ctx)
	if err != nil {
		span.Fail("not added")
	}
	return added, err
}

// withParent notes a parent among the other metadata of a job. Metadata that are no object stay as they are.
func withParent(metadata []byte, parent tracing.Parent) []byte {
	all := map[string]json.RawMessage{}
	if len(metadata) > 0 && json.Unmarshal(metadata, &all) != nil {
		return metadata
	}
	for _, key := range parent.Keys() {
		if text, err := json.Marshal(parent.Get(key)); err == nil && parent.Get(key) != "" {
			all[key] = text
		}
	}
	noted, err := json.Marshal(all)
	if err != nil {
		return metadata
	}
	return noted
}

func parentOf(metadata []byte) tracing.Parent {
	var p struct {
		Traceparent string `json:"traceparent"`
		Tracestate  string `json:"tracestate"`
	}
	if json.Unmarshal(metadata, &p) != nil {
		return tracing.Parent{}
	}
	return tracing.Parent(p)
}

// working makes a span of each job's work, and measures it.
type working struct {
	river.MiddlewareDefaults
	tracer *tracing.Tracer
	took   *metrics.Histogram
}

// durations are the upper ends of what is told apart of jobs, in seconds.
var durations = []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800}

func newWorking(tracer *tracing.Tracer) *working {
	return &working{tracer: tracer, took: metrics.NewHistogram("ibutsu_job_duration_seconds", "How long jobs took, by kind and outcome.", durations, "kind", "outcome")}
}

// Work implements [rivertype.WorkerMiddleware].
func (w *working) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	ctx, span := w.tracer.Begin(ctx, tracing.Consumer, "job "+job.Kind, parentOf(job.Metadata))
	defer span.End()
	span.Text("ibutsu.job.kind", job.Kind)
	span.Text("ibutsu.job.queue", job.Queue)
	span.Number("ibutsu.job.id", job.ID)
	span.Number("ibutsu.job.attempt", int64(job.Attempt))
	begun := time.Now()
	err := work(ctx)
	outcome := outcomeOf(err)
	w.took.Observe(time.Since(begun).Seconds(), job.Kind, outcome)
	if outcome == outcomeFailed {
		span.Fail(outcome)
	}
	return err
}

// What became of a job's attempt.
const (
	outcomeDone      = "done"
	outcomeFailed    = "failed"
	outcomePutOff    = "put_off"
	outcomeCancelled = "cancelled"
)

func outcomeOf(err error) string {
	var putOff *rivertype.JobSnoozeError
	var cancelled *rivertype.JobCancelError
	switch {
	case err == nil:
		return outcomeDone
	case errors.As(err, &putOff):
		return outcomePutOff
	case errors.As(err, &cancelled):
		return outcomeCancelled
	}
	return outcomeFailed
}
