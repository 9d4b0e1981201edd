package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/store"
)

const (
	// exportedAtOnce is how many results of a run are in memory at a time.
	exportedAtOnce = 500
	// exportLife bounds one export, and slowExport how long a piece of it may take to be taken.
	exportLife = 15 * time.Minute
	slowExport = 30 * time.Second
)

// exporter writes a run in a format, piece by piece.
type exporter interface {
	begin(*store.Run) error
	result(*store.Result) error
	end() error
}

// formats are the ways in which a run can be taken away.
var formats = map[string]struct {
	contentType, ending string
	to                  func(*bufio.Writer) exporter
}{
	"json":  {fiber.MIMEApplicationJSON, "json", func(w *bufio.Writer) exporter { return &jsonExport{w: w} }},
	"csv":   {"text/csv; charset=utf-8", "csv", func(w *bufio.Writer) exporter { return &csvExport{w: csv.NewWriter(w)} }},
	"junit": {fiber.MIMEApplicationXML, "xml", func(w *bufio.Writer) exporter { return &junitExport{w: w} }},
}

// ExportRun answers a run with all its results as a file. It is read and written in pieces, however large the run is.
func (s *Server) ExportRun(c *fiber.Ctx, text contract.Id, params contract.ExportRunParams) error {
	format, ok := formats[params.Format]
	if !ok {
		return badField("format", "%q is none of json, csv and junit", shown(params.Format))
	}
	id, err := s.openRun(c, "export_run", text)
	if err != nil {
		return err
	}
	run, err := s.store.Run(c.UserContext(), id)
	if err != nil {
		return missing(err, noSuchRun)
	}
	first, err := s.store.ResultsOfRun(c.UserContext(), id, store.Place{}, exportedAtOnce)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, format.contentType)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentDisposition, attachment("run-"+id.String()+"."+format.ending))
	if c.Method() == fiber.MethodHead {
		return nil
	}
	conn := c.Context().Conn()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(context.Background(), exportLife)
		defer cancel()
		flush := func() error {
			if err := conn.SetWriteDeadline(time.Now().Add(slowExport)); err != nil {
				return err
			}
			return w.Flush()
		}
		if err := s.export(ctx, format.to(w), &run, first, flush); err != nil {
			s.log.Warn().Err(err).Stringer("run", id).Msg("an export was cut short")
			_ = conn.Close() // or the client would take what it has for all there is
		}
	})
	return nil
}

func (s *Server) export(ctx context.Context, to exporter, run *store.Run, results []store.Result, flush func() error) error {
	if err := to.begin(run); err != nil {
		return err
	}
	for len(results) > 0 {
		for n := range results {
			if err := to.result(&results[n]); err != nil {
				return err
			}
		}
		if err := flush(); err != nil {
			return err
		}
		last := results[len(results)-1]
		if len(results) < exportedAtOnce {
			break
		}
		var err error
		if results, err = s.store.ResultsOfRun(ctx, run.ID, store.Place{Start: last.StartTime, ID: last.ID}, exportedAtOnce); err != nil {
			return err
		}
	}
	if err := to.end(); err != nil {
		return err
	}
	return flush()
}

// jsonExport writes the run and its results as the API answers them.
type jsonExport struct {
	w     *bufio.Writer
	some  bool
	piece []byte
}

func (e *jsonExport) begin(run *store.Run) error {
	_, err := fmt.Fprintf(e.w, `{"run":%s,"results":[`, encode.Run(nil, run))
	return err
}

func (e *jsonExport) result(r *store.Result) error {
	e.piece = e.piece[:0]
	if e.some {
		e.piece = append(e.piece, ',')
	}
	e.some = true
	_, err := e.w.Write(encode.Result(e.piece, r))
	return err
}

func (e *jsonExport) end() error {
	_, err := e.w.WriteString("]}")
	return err
}

// csvExport writes one line for each result.
type csvExport struct{ w *csv.Writer }

func (e *csvExport) begin(*store.Run) error {
	return e.w.Write([]string{
		"id", "test_id", "result", "duration", "start_time", "component", "env", "source", "exception_name", "message", "classification", "assignee", "note",
	})
}

func (e *csvExport) result(r *store.Result) error {
	said := whatIsSaid(r)
	duration := ""
	if r.Duration != nil {
		duration = strconv.FormatFloat(*r.Duration, 'f', -1, 64)
	}
	return e.w.Write([]string{
		r.ID.String(), cell(textOf(r.TestID)), textOf(r.Result), duration, r.StartTime.UTC().Format(time.RFC3339Nano),
		cell(textOf(r.Component)), cell(textOf(r.Env)), cell(textOf(r.Source)), cell(said.exception()), cell(said.message()),
		cell(text(said.Classification)), cell(text(said.Assignee)), cell(text(said.Note)),
	})
}

func (e *csvExport) end() error {
	e.w.Flush()
	return e.w.Error()
}

// cell keeps a spreadsheet from taking what a test said for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// said is what the metadata of a result tell of its failure, and of what people made of it. Any member may be of any type.
type said struct {
	Name           any `json:"exception_name"`
	Message        any `json:"message"`
	ShortTB        any `json:"short_tb"`
	Traceback      any `json:"traceback"`
	SkipReason     any `json:"skip_reason"`
	XFailReason    any `json:"xfail_reason"`
	FailReason     any `json:"fail_reason"`
	Reason         any `json:"reason"`
	Classification any `json:"classification"`
	Assignee       any `json:"assignee"`
	Note           any `json:"note"`
}

func whatIsSaid(r *store.Result) said {
	var s said
	_ = json.Unmarshal(r.Data, &s) // the database holds JSON alone
	return s
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func firstText(values ...any) string {
	for _, v := range values {
		if s := text(v); s != "" {
			return s
		}
	}
	return ""
}

func (s said) exception() string { return text(s.Name) }

// message is the line that says what went wrong, as pytest marks it; else the first line of a message.
func (s said) message() string {
	if m := text(s.Message); m != "" {
		line, _, _ := strings.Cut(m, "\n")
		return line
	}
	trace := s.trace()
	for line := range strings.Lines(trace) {
		if rest, ok := strings.CutPrefix(line, "E "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func (s said) trace() string { return firstText(s.Traceback, s.ShortTB, s.FailReason, s.Message) }

func (s said) skipped() string { return firstText(s.SkipReason, s.XFailReason, s.Reason) }

// junitExport writes JUnit XML as pytest and Jenkins have it, one suite for the run.
type junitExport struct{ w *bufio.Writer }

type junitOutcome struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr,omitempty"`
	Text    string `xml:",chardata"`
}

type junitCase struct {
	XMLName xml.Name      `xml:"testcase"`
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr,omitempty"`
	Failure *junitOutcome `xml:"failure"`
	Error   *junitOutcome `xml:"error"`
	Skipped *junitOutcome `xml:"skipped"`
}

func (e *junitExport) begin(run *store.Run) error {
	summary := map[string]any{}
	_ = json.Unmarshal(run.Summary, &summary)
	count := func(name string) int64 {
		n, _ := summary[name].(float64)
		return int64(n)
	}
	seconds := 0.0
	if run.Duration != nil {
		seconds = *run.Duration
	}
	_, err := fmt.Fprintf(e.w, `%s<testsuites><testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d" time="%.3f" timestamp="%s">`+"\n",
		xml.Header, run.ID, count("tests"), count("failures"), count("errors"), count("skips")+count("xfailures"), seconds,
		run.StartTime.UTC().Format("2006-01-02T15:04:05"))
	return err
}

func (e *junitExport) result(r *store.Result) error {
	one := junitCase{Name: textOf(r.TestID)}
	one.Class, one.Name = splitTest(one.Name)
	if r.Duration != nil {
		one.Time = strconv.FormatFloat(*r.Duration, 'f', 3, 64)
	}
	said := whatIsSaid(r)
	switch textOf(r.Result) {
	case "failed":
		one.Failure = &junitOutcome{said.exception(), said.message(), said.trace()}
	case "error":
		one.Error = &junitOutcome{said.exception(), said.message(), said.trace()}
	case "skipped":
		one.Skipped = &junitOutcome{Type: "skipped", Message: said.skipped()}
	case "xfailed":
		one.Skipped = &junitOutcome{Type: "xfailed", Message: said.skipped()}
	}
	piece, err := xml.Marshal(one)
	if err != nil {
		return err
	}
	_, err = e.w.Write(append(piece, '\n'))
	return err
}

func (e *junitExport) end() error {
	_, err := e.w.WriteString("</testsuite></testsuites>\n")
	return err
}

// splitTest divides a test's id into where it lives and what it is called; what its parameters are stays with the name.
func splitTest(id string) (class, name string) {
	plain, _, _ := strings.Cut(id, "[")
	for _, sign := range []string{"::", "."} {
		if at := strings.LastIndex(plain, sign); at > 0 && !strings.ContainsAny(plain[:at], " \t") {
			return id[:at], id[at+len(sign):]
		}
	}
	return "", id
}
