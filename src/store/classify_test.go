package store_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// A connection that breaks off in the middle of a question is a database that is away, not a fault of the request.
func TestAConnectionThatBreaksOffIsADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	for _, err := range []error{io.ErrUnexpectedEOF, io.EOF, &net.OpError{Op: "read", Err: syscall.ECONNRESET}, &net.OpError{Op: "write", Err: syscall.EPIPE}} {
		require.ErrorIs(t, store.Classify(fmt.Errorf("read: %w", err)), store.ErrUnavailable)
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, io.ErrShortBuffer} {
		require.NotErrorIs(t, store.Classify(fmt.Errorf("read: %w", err)), store.ErrUnavailable)
	}
}
