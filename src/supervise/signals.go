package supervise

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// InterruptedError is the cause of a context that a signal has ended.
type InterruptedError struct{ Signal os.Signal }

func (i InterruptedError) Error() string { return "told to stop by signal: " + i.Signal.String() }

// echo is how soon after the first a signal is no second wish but the same one, delivered twice: timeout(1), for one,
// signals its command and then the whole group.
const echo = 500 * time.Millisecond

// OnSignal gives a context that ends at the first SIGTERM or SIGINT, which asks for an orderly stop; its cause is
// InterruptedError. A second signal, half a second later or more, calls atOnce, which is meant to end the process. stop ends
// the watching.
func OnSignal(parent context.Context, atOnce func(os.Signal)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for first := (time.Time{}); ; {
			select {
			case s := <-signals:
				switch {
				case first.IsZero():
					first = time.Now()
					cancel(InterruptedError{Signal: s})
				case time.Since(first) > echo:
					atOnce(s)
					return
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		select {
		case <-done:
		default:
			close(done)
		}
		<-finished
		cancel(nil)
	}
}
