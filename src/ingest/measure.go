package ingest

import "github.com/ibutsu/ibutsu-go/src/telemetry/metrics"

// measures tell how well group commit does: large batches and short waits.
type measures struct {
	rows, waited *metrics.Histogram
}

func newMeasures() *measures {
	return &measures{
		rows: metrics.NewHistogram("ibutsu_commit_batch_rows", "Rows that were committed together, by what they are.",
			[]float64{1, 2, 4, 8, 16, 32, 64, 128, 256}, "what"),
		waited: metrics.NewHistogram("ibutsu_commit_wait_seconds", "How long rows waited for their batch to begin, by what they are.",
			[]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5}, "what"),
	}
}

// Measure is what the writer counts.
func (w *Writer) Measure() []metrics.Family {
	return []metrics.Family{
		w.measures.rows.Family(), w.measures.waited.Family(),
		{Name: "ibutsu_commit_waiting_rows", Help: "Rows that wait to be committed, by what they are.", Type: metrics.TypeGauge, Samples: []metrics.Sample{
			w.results.sample(), w.runs.sample(), w.files.sample(),
		}},
	}
}

func (b *batcher[T]) sample() metrics.Sample {
	b.mu.Lock()
	defer b.mu.Unlock()
	return metrics.Sample{Labels: []metrics.Label{{Name: "what", Value: b.name}}, Value: float64(len(b.queue))}
}
