package insight

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
)

// MaxFiles bounds the files of a run that are told.
const MaxFiles = 5000

// Files are where the results of a run come from.
type Files struct {
	Files []File `json:"files"`
	// Total is how many files there are, of which those with failures are told first.
	Total int64 `json:"total"`
}

// File is a file with tests, as results name it in their fspath.
type File struct {
	Path   string `json:"path"` // "" for results that name none
	Counts Counts `json:"counts"`
}

type fileRow struct {
	Path                                                    string
	Tests, Passed, Failed, Error, Skipped, XFailed, XPassed int64
	Total                                                   int64
}

// Files counts the results of a run by the file that they come from: those with failures first, each in the order of their names.
func (i *Insight) Files(ctx context.Context, project, run uuid.UUID) (json.RawMessage, error) {
	return answered(ctx, i, project, []any{"files", run}, func(ctx context.Context) (Files, error) {
		a := Files{Files: []File{}}
		found, err := rows[fileRow](ctx, i, `
			SELECT coalesce(data ->> 'fspath', '') AS path, count(*) AS tests,
			       count(*) FILTER (WHERE result = 'passed') AS passed, count(*) FILTER (WHERE result = 'failed') AS failed,
			       count(*) FILTER (WHERE result = 'error') AS error, count(*) FILTER (WHERE result = 'skipped') AS skipped,
			       count(*) FILTER (WHERE result = 'xfailed') AS x_failed, count(*) FILTER (WHERE result = 'xpassed') AS x_passed,
			       count(*) OVER () AS total
			  FROM results WHERE project_id = $1 AND run_id = $2
			 GROUP BY 1
			 ORDER BY count(*) FILTER (WHERE result IN ('failed', 'error')) = 0, coalesce(data ->> 'fspath', '') COLLATE "C" LIMIT $3`, project, run, MaxFiles)
		for _, f := range found {
			a.Total = f.Total
			a.Files = append(a.Files, File{f.Path, Counts{f.Tests, f.Passed, f.Failed, f.Error, f.Skipped, f.XFailed, f.XPassed}})
		}
		return a, err
	})
}
