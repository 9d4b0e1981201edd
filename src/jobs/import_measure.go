package jobs

import (
	"errors"
	"time"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/metrics"
)

// importMeasures count what is imported, by format and outcome.
type importMeasures struct {
	bytes, results *metrics.Counter
	took           *metrics.Histogram
}

func newImportMeasures() *importMeasures {
	return &importMeasures{
		bytes:   metrics.NewCounter("ibutsu_import_bytes_total", "Bytes of uploads that were read, by format and outcome.", "format", "outcome"),
		results: metrics.NewCounter("ibutsu_import_results_total", "Results that imports stored, by format.", "format"),
		took:    metrics.NewHistogram("ibutsu_import_duration_seconds", "How long imports took, by format and outcome.", durations, "format", "outcome"),
	}
}

// outcomeRefused is that of a file with a fault, which is told to who has sent it.
const outcomeRefused = "refused"

func importOutcome(err error) string {
	var fault *importer.Error
	if errors.As(err, &fault) || errors.Is(err, store.ErrForeign) || errors.Is(err, store.ErrInvalid) {
		return outcomeRefused
	}
	return outcomeOf(err)
}

// unknownFormat stands for an upload that no importer reads.
const unknownFormat = "unknown"

func (m *importMeasures) note(format, outcome string, bytes, results int64, took time.Duration) {
	if format == "" {
		format = unknownFormat
	}
	m.bytes.Add(bytes, format, outcome)
	m.took.Observe(took.Seconds(), format, outcome)
	if outcome == outcomeDone {
		m.results.Add(results, format)
	}
}

func (m *importMeasures) families() []metrics.Family {
	return []metrics.Family{m.bytes.Family(), m.results.Family(), m.took.Family()}
}
