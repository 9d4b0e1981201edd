package health_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestReadinessIsThatOfTheRequiredParts(t *testing.T) {
	t.Parallel()
	at := &clock{}
	b := health.NewBoard(at.now)
	database, worker := health.Well("answers"), health.Unwell("starting")
	asked := 0
	b.Watch("database", true, func(ctx context.Context) health.Part {
		asked++
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		return database
	})
	b.Watch("worker", false, func(context.Context) health.Part { return worker })
	later := func() { at.at = at.at.Add(time.Minute) }

	b.Phase("migrating")
	require.Equal(t, health.OK, b.Live().Status)
	require.Equal(t, health.Report{Status: health.Error, Parts: []health.Part{
		{Name: "process", Status: health.Error, Message: "migrating", Required: true},
		{Name: "database", Status: health.OK, Message: "answers", Required: true},
		{Name: "worker", Status: health.Error, Message: "starting"},
	}}, b.Ready(t.Context()))

	b.Serving()
	require.Equal(t, health.OK, b.Ready(t.Context()).Status)
	require.Equal(t, 1, asked, "many who ask at a time cost one question")
	require.Equal(t, health.Error, b.Started(t.Context()).Status, "the worker was never well")
	worker = health.Well("working")
	later()
	require.Equal(t, health.OK, b.Started(t.Context()).Status)

	database, worker = health.Unwell("does not answer"), health.Unwell("killed")
	later()
	require.Equal(t, health.Error, b.Ready(t.Context()).Status)
	require.Equal(t, health.OK, b.Started(t.Context()).Status, "a start is over once")
	require.Equal(t, health.OK, b.Live().Status, "a restart would not bring the database back")

	database = health.Well("answers")
	later()
	require.Equal(t, health.OK, b.Ready(t.Context()).Status)
	b.Draining()
	require.Equal(t, health.Error, b.Ready(t.Context()).Status, "at once, whatever was asked a moment ago")
	require.Equal(t, health.OK, b.Live().Status)
}
