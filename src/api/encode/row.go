package encode

import (
	"encoding/json"
	"strconv"

	"github.com/ibutsu/ibutsu-go/src/store"
)

// Run appends a run.
func Run(dst []byte, r *store.Run) []byte {
	dst = ID(append(dst, `{"id":`...), r.ID)
	dst = Time(append(dst, `,"created":`...), r.Created)
	dst = Time(append(dst, `,"start_time":`...), r.StartTime)
	dst = FloatOrNull(append(dst, `,"duration":`...), r.Duration)
	dst = TextOrNull(append(dst, `,"component":`...), r.Component)
	dst = TextOrNull(append(dst, `,"env":`...), r.Env)
	dst = TextOrNull(append(dst, `,"source":`...), r.Source)
	dst = IDOrNull(append(dst, `,"project_id":`...), r.ProjectID)
	dst = ObjectOrNull(append(dst, `,"summary":`...), r.Summary)
	dst = Object(append(dst, `,"metadata":`...), r.Data)
	return append(dst, '}')
}

// Result appends a result.
func Result(dst []byte, r *store.Result) []byte {
	dst = ID(append(dst, `{"id":`...), r.ID)
	dst = TextOrNull(append(dst, `,"test_id":`...), r.TestID)
	dst = Time(append(dst, `,"start_time":`...), r.StartTime)
	dst = FloatOrNull(append(dst, `,"duration":`...), r.Duration)
	dst = TextOrNull(append(dst, `,"result":`...), r.Result)
	dst = TextOrNull(append(dst, `,"component":`...), r.Component)
	dst = TextOrNull(append(dst, `,"env":`...), r.Env)
	dst = IDOrNull(append(dst, `,"run_id":`...), r.RunID)
	dst = IDOrNull(append(dst, `,"project_id":`...), r.ProjectID)
	dst = Object(append(dst, `,"metadata":`...), r.Data)
	dst = ObjectOrNull(append(dst, `,"params":`...), r.Params)
	dst = TextOrNull(append(dst, `,"source":`...), r.Source)
	return append(dst, '}')
}

// Artifact appends an artifact, without its content.
func Artifact(dst []byte, a *store.Artifact) []byte {
	dst = ID(append(dst, `{"id":`...), a.ID)
	dst = IDOrNull(append(dst, `,"result_id":`...), a.ResultID)
	dst = IDOrNull(append(dst, `,"run_id":`...), a.RunID)
	dst = TextOrNull(append(dst, `,"filename":`...), a.Filename)
	dst = Time(append(dst, `,"upload_date":`...), a.UploadDate)
	dst = Object(append(dst, `,"additional_metadata":`...), a.Data)
	return append(dst, '}')
}

// Import appends an import. Of its data only what clients are to see: who sent it, say, stays inside.
func Import(dst []byte, i *store.Import) []byte {
	var data struct {
		ProjectID json.RawMessage `json:"project_id"`
		Metadata  json.RawMessage `json:"metadata"`
		Source    json.RawMessage `json:"source"`
		RunID     json.RawMessage `json:"run_id"`
		Error     json.RawMessage `json:"error"`
		Progress  json.RawMessage `json:"progress"`
		Notes     json.RawMessage `json:"notes"`
	}
	// Rows that other programs wrote may hold anything; one that cannot be read has nothing to show.
	_ = json.Unmarshal(i.Data, &data)
	var runs []string
	_ = json.Unmarshal(data.RunID, &runs)

	dst = ID(append(dst, `{"id":`...), i.ID)
	dst = textOrEmpty(append(dst, `,"status":`...), i.Status)
	dst = textOrEmpty(append(dst, `,"filename":`...), i.Filename)
	dst = textOrEmpty(append(dst, `,"format":`...), i.Format)
	dst = append(dst, `,"run_id":`...)
	if len(runs) > 0 {
		dst = Text(dst, runs[0])
	} else {
		dst = append(dst, "null"...)
	}
	dst = Time(append(dst, `,"created":`...), i.Created)
	dst = ObjectOrNull(append(dst, `,"metadata":{"metadata":`...), data.Metadata)
	dst = member(dst, `,"project_id":`, data.ProjectID)
	dst = member(dst, `,"source":`, data.Source)
	dst = member(dst, `,"run_id":`, data.RunID)
	dst = member(dst, `,"error":`, data.Error)
	dst = member(dst, `,"progress":`, data.Progress)
	dst = member(dst, `,"notes":`, data.Notes)
	return append(dst, '}', '}')
}

func textOrEmpty(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, '"', '"')
	}
	return Text(dst, *s)
}

func member(dst []byte, name string, raw json.RawMessage) []byte {
	if len(raw) == 0 || string(raw) == "null" {
		return dst
	}
	return append(append(dst, name...), raw...)
}

// RunList appends a page of runs.
func RunList(dst []byte, rows []store.Run, page, pageSize int, total int64) []byte {
	return list(dst, "runs", rows, Run, page, pageSize, total)
}

// ResultList appends a page of results.
func ResultList(dst []byte, rows []store.Result, page, pageSize int, total int64) []byte {
	return list(dst, "results", rows, Result, page, pageSize, total)
}

// ArtifactList appends a page of artifacts.
func ArtifactList(dst []byte, rows []store.Artifact, page, pageSize int, total int64) []byte {
	return list(dst, "artifacts", rows, Artifact, page, pageSize, total)
}

// ImportList appends a page of imports.
func ImportList(dst []byte, rows []store.Import, page, pageSize int, total int64) []byte {
	return list(dst, "imports", rows, Import, page, pageSize, total)
}

func list[T any](dst []byte, name string, rows []T, row func([]byte, *T) []byte, page, pageSize int, total int64) []byte {
	dst = append(append(append(dst, '{', '"'), name...), `":[`...)
	for i := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = row(dst, &rows[i])
	}
	dst = Pagination(append(dst, `],"pagination":`...), page, pageSize, total)
	return append(dst, '}')
}

// Pagination appends where a page stands among the others. Page and pageSize are those that were asked for.
func Pagination(dst []byte, page, pageSize int, total int64) []byte {
	pages := int64(0)
	if pageSize > 0 {
		pages = (total + int64(pageSize) - 1) / int64(pageSize)
	}
	dst = strconv.AppendInt(append(dst, `{"page":`...), int64(page), 10)
	dst = strconv.AppendInt(append(dst, `,"pageSize":`...), int64(pageSize), 10)
	dst = strconv.AppendInt(append(dst, `,"totalItems":`...), total, 10)
	dst = strconv.AppendInt(append(dst, `,"totalPages":`...), pages, 10)
	return append(dst, '}')
}
