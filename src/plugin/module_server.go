package plugin

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// eventBacklog is how many events may wait for a slow host before more are dropped: a module never waits for its log.
const eventBacklog = 256

// moduleServer puts a Module behind the gRPC contract.
type moduleServer struct {
	proto.UnimplementedModuleServer
	module Module
	now    func() time.Time

	configured, ran atomic.Bool

	mutex sync.Mutex
	last  Health
}

func (s *moduleServer) Configure(ctx context.Context, r *proto.ConfigureRequest) (*proto.ConfigureResponse, error) {
	if s.configured.Swap(true) {
		return nil, status.Error(codes.FailedPrecondition, "the module is configured already")
	}
	if err := s.module.Configure(ctx, r.GetJson()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &proto.ConfigureResponse{}, nil
}

func (s *moduleServer) Run(_ *proto.RunRequest, stream grpc.ServerStreamingServer[proto.Event]) error {
	if !s.configured.Load() || s.ran.Swap(true) {
		return status.Error(codes.FailedPrecondition, "the module is not configured, or ran already")
	}
	events := make(chan *proto.Event, eventBacklog)
	var dropped atomic.Int64
	emit := func(e Event) {
		if e.Time.IsZero() {
			e.Time = s.now()
		}
		select {
		case events <- &proto.Event{Time: timestamppb.New(e.Time), Level: e.Level.String(), Message: e.Message, Fields: e.Fields}:
		default:
			dropped.Add(1)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.module.Run(stream.Context(), emit) }()
	for {
		select {
		case e := <-events:
			if n := dropped.Swap(0); n > 0 {
				_ = stream.Send(&proto.Event{Time: timestamppb.New(s.now()), Level: "warn", Message: "events were dropped, the host reads too slowly"})
			}
			// A host that is gone ends the stream's context, which ends Run; there is nobody to tell.
			_ = stream.Send(e)
		case err := <-ended:
			for len(events) > 0 {
				_ = stream.Send(<-events)
			}
			if err != nil {
				return status.Error(codes.Aborted, err.Error())
			}
			return nil
		}
	}
}

func (s *moduleServer) Drain(ctx context.Context, r *proto.DrainRequest) (*proto.DrainResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, r.GetGrace().AsDuration())
	defer cancel()
	err := s.module.Drain(ctx)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, status.Error(codes.DeadlineExceeded, "work was still running when the grace was over")
	case err != nil:
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &proto.DrainResponse{}, nil
}

func (s *moduleServer) Health(ctx context.Context, _ *proto.HealthRequest) (*proto.HealthResponse, error) {
	h := s.module.Health(ctx)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	h.Since = s.last.Since
	if h.Since.IsZero() || h.OK != s.last.OK {
		h.Since = s.now()
	}
	s.last = h
	return &proto.HealthResponse{Ok: h.OK, Detail: h.Detail, Since: timestamppb.New(h.Since)}, nil
}

func (s *moduleServer) Stats(ctx context.Context, _ *proto.StatsRequest) (*proto.StatsResponse, error) {
	st := s.module.Stats(ctx)
	return &proto.StatsResponse{
		Counters:    st.Counters,
		JobsRunning: st.JobsRunning,
		RssBytes:    residentBytes(),
		Goroutines:  int64(runtime.NumGoroutine()),
		Metrics:     metricsToProto(st.Metrics),
	}, nil
}

func (s *moduleServer) SetLogLevel(_ context.Context, r *proto.SetLogLevelRequest) (*proto.SetLogLevelResponse, error) {
	adjustable, ok := s.module.(Adjustable)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "the module's log stays as it is")
	}
	if err := adjustable.SetLogLevel(r.GetLevel()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &proto.SetLogLevelResponse{}, nil
}
