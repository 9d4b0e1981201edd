package plugin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRestartsAreSpaced(t *testing.T) {
	t.Parallel()
	pace := pacer{backoff: Backoff{Min: time.Second, MaxWell: 3 * time.Second, Max: 5 * time.Second, Reset: time.Minute}, random: func() float64 { return 0.5 }}
	for i, want := range []float64{1, 2, 4, 5, 5} {
		require.InDelta(t, want, pace.after(0).Seconds(), 0, i)
	}
	require.Equal(t, time.Second, pace.after(time.Minute), "a healthy minute forgives")
	for i, want := range []float64{2, 3, 3} {
		require.InDelta(t, want, pace.after(59*time.Second).Seconds(), 0, i)
	}
	for i, want := range []float64{3, 5, 5} {
		require.InDelta(t, want, pace.after(0).Seconds(), 0, i)
	}
}

func TestRestartsAreSpreadByChance(t *testing.T) {
	t.Parallel()
	for random, want := range map[float64]time.Duration{0: 800 * time.Millisecond, 0.75: 1100 * time.Millisecond} {
		pace := pacer{backoff: Backoff{Min: time.Second, Max: time.Second}, random: func() float64 { return random }}
		require.Equal(t, want, pace.after(0))
	}
}
