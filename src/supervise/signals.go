package supervise

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interrupted is the cause of a context that a signal has ended.
type Interrupted struct{ Signal os.Signal }

func (i Interrupted) Error() string { return "told to stop by signal: " + i.Signal.String() }

// OnSignal gives a context that ends at the first SIGTERM or SIGINT, which asks for an orderly stop; its cause is
// Interrupted. A second signal calls atOnce, which is meant to end the process. stop ends the watching.
func OnSignal(parent context.Context, atOnce func(os.Signal)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for first := true; ; first = false {
			select {
			case s := <-signals:
				if !first {
					atOnce(s)
					return
				}
				cancel(Interrupted{Signal: s})
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
