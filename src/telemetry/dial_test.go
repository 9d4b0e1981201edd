package telemetry

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestADialTurnsBackByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var level Level
		require.NoError(t, level.Set("info"))
		var told []string
		d := NewDial(&level, func(level string) { told = append(told, level) })
		require.NoError(t, d.Turn("debug", time.Minute, time.Now()))
		require.Equal(t, DialState{Level: "debug", Configured: "info", Until: time.Now().Add(time.Minute)}, d.State())

		// Turned once more: the end is that of the second time.
		<-time.After(30 * time.Second)
		require.NoError(t, d.Turn("trace", time.Minute, time.Now()))
		<-time.After(45 * time.Second)
		require.Equal(t, "trace", d.State().Level)
		<-time.After(16 * time.Second)
		synctest.Wait()
		require.Equal(t, DialState{Level: "info", Configured: "info"}, d.State())

		// New settings win over what was planned before.
		require.NoError(t, d.Turn("error", time.Minute, time.Now()))
		require.NoError(t, d.Configure("warn"))
		<-time.After(2 * time.Minute)
		require.Equal(t, DialState{Level: "warn", Configured: "warn"}, d.State())
		require.Error(t, d.Turn("loud", 0, time.Now()))
		require.Equal(t, []string{"debug", "trace", "info", "error", ""}, told)
	})
}
