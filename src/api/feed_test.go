package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// A client takes what it fetched before the first version for older than that: the sooner it hears it, the less it asks for twice.
func TestANewStreamHearsItsVersionWithoutWaitingForATurn(t *testing.T) {
	t.Parallel()
	first, second := uuid.New(), uuid.New()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	f := newFeed(func(context.Context, []uuid.UUID) (map[uuid.UUID]int64, error) {
		return map[uuid.UUID]int64{first: 7, second: 9}, nil
	}, ended)
	f.pause = time.Hour
	for project, version := range map[uuid.UUID]int64{first: 7, second: 9} {
		stream, ok := f.listen(project)
		require.True(t, ok)
		select {
		case got := <-stream.versions:
			require.Equal(t, version, got)
		case <-time.After(time.Minute):
			require.Fail(t, "the version of a stream came with the next turn only")
		}
	}
}
