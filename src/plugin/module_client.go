package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// moduleClient is the host's side of the gRPC contract.
type moduleClient struct{ client proto.ModuleClient }

func (c *moduleClient) configure(ctx context.Context, config []byte) error {
	_, err := c.client.Configure(ctx, &proto.ConfigureRequest{Json: config})
	return plain(err)
}

// run hands every event to receive and returns how the module's Run ended.
func (c *moduleClient) run(ctx context.Context, receive func(Event)) error {
	stream, err := c.client.Run(ctx, &proto.RunRequest{})
	if err != nil {
		return plain(err)
	}
	for {
		e, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return plain(err)
		}
		level, err := zerolog.ParseLevel(e.GetLevel())
		if err != nil || level > zerolog.ErrorLevel { // a module cannot make its host exit or panic
			level = zerolog.ErrorLevel
		}
		receive(Event{Time: e.GetTime().AsTime(), Level: level, Message: e.GetMessage(), Fields: e.GetFields()})
	}
}

func (c *moduleClient) drain(ctx context.Context, grace time.Duration) error {
	_, err := c.client.Drain(ctx, &proto.DrainRequest{Grace: durationpb.New(grace)})
	return plain(err)
}

func (c *moduleClient) health(ctx context.Context) (Health, error) {
	h, err := c.client.Health(ctx, &proto.HealthRequest{})
	if err != nil {
		return Health{}, plain(err)
	}
	return Health{OK: h.GetOk(), Detail: h.GetDetail(), Since: h.GetSince().AsTime()}, nil
}

func (c *moduleClient) stats(ctx context.Context) (Stats, error) {
	s, err := c.client.Stats(ctx, &proto.StatsRequest{})
	if err != nil {
		return Stats{}, plain(err)
	}
	return Stats{Counters: s.GetCounters(), JobsRunning: s.GetJobsRunning(), RSS: s.GetRssBytes(), Goroutines: int(s.GetGoroutines()),
		Metrics: metricsFromProto(s.GetMetrics())}, nil
}

// setLogLevel changes nothing where the module cannot.
func (c *moduleClient) setLogLevel(ctx context.Context, level string) error {
	_, err := c.client.SetLogLevel(ctx, &proto.SetLogLevelRequest{Level: level})
	if status.Code(err) == codes.Unimplemented {
		return nil
	}
	return plain(err)
}

// plain takes the wrapping off an error that came over gRPC, so that a log line reads as the module wrote it.
func plain(err error) error {
	if err == nil {
		return nil
	}
	if s, ok := status.FromError(err); ok {
		return fmt.Errorf("%s", s.Message())
	}
	return err
}
