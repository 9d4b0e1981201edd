package store

import (
	"context"
	"time"
)

// PoolGauges is how busy the connections are.
type PoolGauges struct {
	Max, Open, Busy int
	Waits           int64         // how often a connection had to be waited for
	Waited          time.Duration // and for how long together
}

// PoolGauges returns how busy the connections of this process are.
func (s *Store) PoolGauges() PoolGauges {
	st := s.pool.Stat()
	return PoolGauges{
		Max: int(st.MaxConns()), Open: int(st.TotalConns()), Busy: int(st.AcquiredConns()),
		Waits: st.EmptyAcquireCount(), Waited: st.EmptyAcquireWaitTime(),
	}
}

// QueueGauge is how much of a queue is in a state, and how long the oldest of it has been due.
type QueueGauge struct {
	Queue, State string
	Jobs         int64
	Oldest       time.Duration
}

// QueueGauges returns how full the queues are, without the jobs that are over.
func (s *Store) QueueGauges(ctx context.Context) ([]QueueGauge, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT queue, state::text, count(*), greatest(0, extract(epoch FROM now() - min(scheduled_at)))::float8
		  FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'pending') GROUP BY 1, 2 ORDER BY 1, 2`)
	if err != nil {
		return nil, wrap("queue gauges", err)
	}
	defer rows.Close()
	var gauges []QueueGauge
	for rows.Next() {
		var g QueueGauge
		var seconds float64
		if err := rows.Scan(&g.Queue, &g.State, &g.Jobs, &seconds); err != nil {
			return nil, wrap("queue gauges", err)
		}
		g.Oldest = time.Duration(seconds * float64(time.Second))
		gauges = append(gauges, g)
	}
	return gauges, wrap("queue gauges", rows.Err())
}
