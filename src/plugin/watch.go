package plugin

import (
	"context"
	"fmt"
	"time"
)

// exited stands for the exit of the process as a reason; the text for it is known only once the process is reaped.
const exited = "exited"

// watch follows a module that runs.
type watch struct {
	host    *Host
	process *process
	module  *moduleClient
	ended   chan error // how the module's Run ended

	begun time.Time
	stats Stats
	asked time.Time // when the stats were asked for
	told  string    // what was logged last of why it is not well
	well  time.Time // since when it answers that it is OK; zero when it does not
	renew bool      // the reason to end it is the host's own
}

func (w *watch) healthy() time.Duration {
	if w.well.IsZero() {
		return 0
	}
	return time.Since(w.well)
}

// until returns why the module has to be started again, or "" when ctx ended.
func (w *watch) until(ctx context.Context) (reason string) {
	const soon = 20 * time.Millisecond // the first answers are awaited by whoever waits for the module to be ready
	pause := time.Duration(0)
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ""
		case <-w.process.done():
			timer.Stop()
			return exited
		case err := <-w.ended:
			timer.Stop()
			return w.ending(err)
		case reason := <-w.host.renew:
			timer.Stop()
			w.renew = true
			return reason
		case <-timer.C:
		}
		if reason := w.check(ctx); reason != "" {
			return reason
		}
		if w.well.IsZero() {
			pause = min(max(2*pause, soon), w.host.options.HealthInterval)
		} else {
			pause = w.host.options.HealthInterval
		}
	}
}

// ending says why Run is over. When the process died its calls fail, too; then the exit says more.
func (w *watch) ending(err error) string {
	if err == nil {
		return "it ended by itself"
	}
	select {
	case <-w.process.done():
		return exited
	case <-time.After(200 * time.Millisecond):
		return err.Error()
	}
}

// check asks the module how it is. A module that answers is never restarted for what it answers: the database being away
// is nothing that a restart mends. One that does not answer in time hangs.
func (w *watch) check(ctx context.Context) (reason string) {
	limit := w.host.options.HealthTimeout
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	health, err := w.module.health(asking)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return "" // the loop sees it
		case asking.Err() != nil:
			_ = w.process.kill()
			return fmt.Sprintf("health check: no answer within %s, killed", limit)
		}
		return w.ending(fmt.Errorf("health check: %w", err))
	}
	if time.Since(w.asked) >= w.host.options.StatsInterval {
		w.asked = time.Now()
		if w.stats, err = w.module.stats(asking); err != nil {
			w.stats = Stats{} // figures are no matter of life and death
		}
	}
	w.note(health)
	if limit := w.host.options.MemoryMax; limit > 0 && w.stats.RSS > limit && time.Since(w.begun) >= w.host.options.RenewalInterval {
		w.renew = true
		return fmt.Sprintf("it holds %d MiB of memory, more than the %d MiB that it may", w.stats.RSS>>20, limit>>20)
	}
	return ""
}

// note keeps the answers, and logs the moments at which the module becomes well or unwell.
func (w *watch) note(health Health) {
	const starting = 2 * time.Second // in which it is no news that a module is not well yet
	h := w.host
	h.enter(Running, func(s *Status) { s.Health, s.Stats = health, w.stats })
	if health.OK {
		if w.well.IsZero() {
			h.logger.Info().Str("detail", health.Detail).Msg("module is well")
			w.well, w.told = time.Now(), ""
		}
		return
	}
	if (!w.well.IsZero() || time.Since(w.begun) > starting) && w.told != health.Detail {
		h.logger.Warn().Str("detail", health.Detail).Msg("module is not well")
		w.told = health.Detail
	}
	w.well = time.Time{}
}
