package harness

import (
	"context"
	"fmt"
	"time"
)

// Eventually asks again and again until is says yes, a minute long at most.
func Eventually(ctx context.Context, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
