package store

import (
	"context"
	"time"

	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// Measure is how busy the connections of this process are.
func (s *Store) Measure() []metrics.Family {
	pool := s.pool.Stat()
	return []metrics.Family{
		metrics.One("ibutsu_database_connections_max", "Most connections of this process to PostgreSQL.", metrics.TypeGauge, float64(pool.MaxConns())),
		metrics.One("ibutsu_database_connections_open", "Open connections to PostgreSQL.", metrics.TypeGauge, float64(pool.TotalConns())),
		metrics.One("ibutsu_database_connections_busy", "Connections to PostgreSQL that are at work.", metrics.TypeGauge, float64(pool.AcquiredConns())),
		metrics.One("ibutsu_database_waits_total", "How often a connection had to be waited for.", metrics.TypeCounter, float64(pool.EmptyAcquireCount())),
		metrics.One("ibutsu_database_wait_seconds_total", "How long connections were waited for.", metrics.TypeCounter, pool.EmptyAcquireWaitTime().Seconds()),
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
