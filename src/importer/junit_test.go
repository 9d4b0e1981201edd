package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestJUnitNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ attributes, want string }{
		{`classname="pkg.mod.Class" name="test_one"`, "Class.test_one"},
		{`classname="pkg.Class" name="test[1.5]"`, "Class.test[1.5]"},
		{`classname="pkg.Class[a.b]" name="x.test[1.5][2.5]"`, "Class[a.b].test[1.5][2.5]"},
		{`name="only.name"`, "name"},
		{`classname="pkg.Class"`, "Class."},
		{`classname="" name="n"`, "n"},
		{``, ""},
	} {
		got, _ := doImport(t, xmlFile("r.xml", "<testsuite><testcase "+c.attributes+"/></testsuite>"), options())
		require.Equal(t, []string{c.want}, got.testIDs(), c.attributes)
	}
}

func TestJUnitKeepsFullNames(t *testing.T) {
	t.Parallel()
	got, _ := doImport(t, xmlFile("r.xml", `<testsuite><testcase classname="a.b.C" name="x.y[1.5]"/></testsuite>`), options())
	m := metadata(t, got.results[0].Metadata)
	require.Equal(t, "a.b.C", m["classname"])
	require.Equal(t, "x.y[1.5]", m["name"])
}

func TestJUnitLongNamesFitAnIndex(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü1", 4000)
	got, _ := doImport(t, xmlFile("r.xml", fmt.Sprintf(
		`<testsuite name="%[1]s"><testcase name="%[1]sa"/><testcase name="%[1]sb"><failure type="%[1]s"/></testcase></testsuite>`, long)), options())
	a, b := *got.results[0].TestID, *got.results[1].TestID
	require.LessOrEqual(t, len(a), maxTestID)
	require.NotEqual(t, a, b, "two tests stay two")
	require.LessOrEqual(t, len(*got.results[0].Source), maxLabel)
	m := metadata(t, got.results[1].Metadata)
	require.LessOrEqual(t, len(m["exception_name"].(string)), maxLabel)
	require.Equal(t, long+"b", m["name"])

	keeps := strings.Repeat("n", 2000)
	got, _ = doImport(t, xmlFile("r.xml", `<testsuite><testcase classname="a.b" name="`+keeps+`"/></testsuite>`), options())
	require.Equal(t, []string{"b." + keeps}, got.testIDs())
}

func TestJUnitOutcomes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{``, "passed"},
		{`<skipped/><error/><failure/>`, "failed"},
		{`<skipped/><error/>`, "error"},
		{`<xpassed/><xfailure/><skipped/>`, "skipped"},
		{`<xpassed/><xfailure/>`, "xfailed"},
		{`<xpassed/>`, "xpassed"},
		{`<skipped type="pytest.xfail" message="m"/>`, "skipped"},
		{`<rerunFailure/><flakyFailure/>`, "passed"},
	} {
		got, _ := doImport(t, xmlFile("r.xml", `<testsuite><testcase name="t">`+c.content+`</testcase></testsuite>`), options())
		require.Equal(t, c.want, *got.results[0].Result, c.content)
	}
}

func TestJUnitReasonsAndTracebacks(t *testing.T) {
	t.Parallel()
	const none = "-"
	for _, c := range []struct{ content, traceback, skip, xfail, exception string }{
		{`<failure message="m" type="T">text</failure>`, "text", none, none, "T"},
		{`<failure message="m" type=""> ` + "\n" + ` </failure>`, "m", none, none, none},
		{`<error message="m" type="java.lang.NullPointerException"/>`, "m", none, none, "java.lang.NullPointerException"},
		{`<failure/>`, none, none, none, none},
		{`<error>late</error><failure>first of failures</failure><failure>second</failure>`, "first of failures", none, none, none},
		{`<skipped message="m">why</skipped>`, none, "why", none, none},
		{`<skipped message="m" type="T"/>`, none, "m", none, none},
		{`<skipped type="pytest.xfail" message="known"/>`, none, none, "known", none},
		{`<skipped/>`, none, none, none, none},
		{`<failure>f</failure><skipped>s</skipped>`, "f", none, none, none},
	} {
		got, _ := doImport(t, xmlFile("r.xml", `<testsuite><testcase name="t">`+c.content+`</testcase></testsuite>`), options())
		r := got.results[0]
		m := metadata(t, r.Metadata)
		found := func(key string) string {
			if v, ok := m[key]; ok {
				return v.(string)
			}
			return none
		}
		traceback, ok := got.files(r.ID)["traceback.log"]
		if !ok {
			traceback = none
		}
		require.Equal(t, c.traceback, traceback, c.content)
		require.Equal(t, c.skip, found("skip_reason"), c.content)
		require.Equal(t, c.xfail, found("xfail_reason"), c.content)
		require.Equal(t, c.exception, found("exception_name"), c.content)
	}
}

func TestJUnitOutput(t *testing.T) {
	t.Parallel()
	got, _ := doImport(t, xmlFile("r.xml", `<testsuites>
		<system-out>of all</system-out>
		<testsuite name="a/b">
			<testcase name="t"><system-out>setup</system-out><system-err/><system-out>call
</system-out><system-out>teardown</system-out></testcase>
			<system-out>of a</system-out><system-err> </system-err>
		</testsuite>
		<testsuite name="a/b"><system-out>of the other a</system-out></testsuite>
	</testsuites>`), options())
	require.Equal(t, map[string]string{"system-out.log": "setup\ncall\nteardown"}, got.files(got.results[0].ID))
	require.Equal(t, map[string]string{
		"system-out.log": "of all", "a_b.system-out.log": "of a", "a_b.system-out-2.log": "of the other a",
	}, got.files(got.runs[0].ID))
	require.JSONEq(t, fmt.Sprintf(`{"contentType":"text/plain","resultId":"%s"}`, got.results[0].ID), string(got.artifacts[1].Data))
	require.JSONEq(t, fmt.Sprintf(`{"contentType":"text/plain","runId":"%s"}`, got.runs[0].ID), string(got.artifacts[0].Data))
}

func TestJUnitOutputOfManySuites(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxOutputs + 3 {
		fmt.Fprintf(&b, `<testsuite name="s%d"><system-out>x</system-out></testsuite>`, i)
	}
	got, report := doImport(t, xmlFile("r.xml", "<testsuites>"+b.String()+"</testsuites>"), options())
	require.Len(t, got.artifacts, maxOutputs)
	require.Equal(t, []string{"The output of 3 suites was left out: a run has at most 1000 such files."}, report.Notes)
}

func TestJUnitProperties(t *testing.T) {
	t.Parallel()
	o := options()
	o.Metadata = []byte(`{"given":"import","all":"import","tags":["a"]}`)
	got, _ := doImport(t, xmlFile("r.xml", `<testsuites>
		<testsuite name="outer">
			<properties><property name="suite" value="outer"/><property name="all" value="outer"/></properties>
			<testsuite name="inner" file="inner.py">
				<testcase name="deep"><properties>
					<property name="all" value="case"/><property key="old" value="key"/><property name="fspath" value="mine"/>
					<property name="text"> of the
element </property><property value="nameless"/><property name="twice" value="1"/><property name="twice" value="2"/>
				</properties></testcase>
				<properties><property name="suite" value="inner"/></properties>
			</testsuite>
			<testcase name="flat"/>
		</testsuite>
		<properties><property name="root" value="late"/><property name="all" value="root"/><property name="env" value="qa"/></properties>
	</testsuites>`), o)
	require.JSONEq(t, `{"root":"late","all":"import","env":"qa","given":"import","tags":["a"]}`, string(got.runs[0].Metadata))
	require.Equal(t, "qa", *got.runs[0].Env)

	deep := metadata(t, got.result(t, "deep").Metadata)
	require.Equal(t, map[string]any{
		"run": got.runs[0].ID.String(), "fspath": "mine", "line": nil, "name": "deep", "root": "late", "env": "qa", "given": "import",
		"tags": []any{"a"}, "suite": "inner", "all": "case", "old": "key", "text": "of the\nelement", "twice": "2",
	}, deep)
	flat := metadata(t, got.result(t, "flat").Metadata)
	require.Equal(t, "outer", flat["suite"])
	require.Equal(t, "outer", flat["all"])
	require.Equal(t, "qa", *got.result(t, "flat").Env)
	require.Equal(t, "outer", *got.result(t, "flat").Source)
}

func TestJUnitFspath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		document string
		want     any
	}{
		{`<testsuite file="s"><testcase classname="a.b" file="c"/></testsuite>`, "s"},
		{`<testsuite file="s"><testsuite><testcase classname="a.b" file="c"/></testsuite></testsuite>`, "c"},
		{`<testsuite file="s"><testsuite><testcase classname="a.b"/></testsuite></testsuite>`, "s"},
		{`<testsuite><testcase classname="a.b.C"/></testsuite>`, "a/b"},
		{`<testsuite><testcase name="n"/></testsuite>`, nil},
	} {
		got, _ := doImport(t, xmlFile("r.xml", c.document), options())
		require.Equal(t, c.want, metadata(t, got.results[0].Metadata)["fspath"], c.document)
	}
}

func TestJUnitDurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		document string
		want     float64
	}{
		{`<testsuites time="7"><testsuite time="1"/></testsuites>`, 7},
		{`<testsuites time="0"><testsuite time="1"/><testsuite time="2.5"/></testsuites>`, 3.5},
		{`<testsuites><testsuite time="1,234.5"/><testsuite time=" 0.5 "/><testsuite time=""/></testsuites>`, 1235},
		{`<testsuites><testsuite><testsuite time="2"/><testcase time="1"/></testsuite><testsuite time="x"/></testsuites>`, 3},
		{`<testsuites/>`, 0},
	} {
		got, _ := doImport(t, xmlFile("r.xml", c.document), options())
		require.InDelta(t, c.want, *got.runs[0].Duration, 1e-9, c.document)
	}
}

func TestJUnitRun(t *testing.T) {
	t.Parallel()
	const empty = `<testsuites timestamp="Mon, 02 Mar 2026 10:00:00 +0100"/>`
	source := "nightly"
	o := options()
	o.Source = &source
	o.Metadata = []byte(`{"source":"metadata","component":"cart"}`)
	got, report := doImport(t, xmlFile("report.XML", empty), o)
	require.Equal(t, "junit", report.Format)
	require.Equal(t, DeriveRunID(testImport), got.runs[0].ID)
	require.Equal(t, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), got.runs[0].StartTime)
	require.Equal(t, testImportedAt, got.runs[0].Created)
	require.Equal(t, "nightly", *got.runs[0].Source)
	require.Equal(t, "cart", *got.runs[0].Component)

	_, report = doImport(t, xmlFile("TEST-"+strings.ToUpper(runA.String())+"-2.xml", empty), options())
	require.Equal(t, []uuid.UUID{runA}, report.Runs)
	_, report = doImport(t, xmlFile("11111111-1111-1111-8111-111111111111.xml", empty), options())
	require.Equal(t, []uuid.UUID{DeriveRunID(testImport)}, report.Runs, "only random UUIDs are runs")
}

func TestJUnitProject(t *testing.T) {
	t.Parallel()
	foreign := uuid.MustParse("11111111-2222-4333-8444-555555555555")
	o := options()
	o.ResolveProject = func(_ context.Context, named string) (*uuid.UUID, error) {
		switch named {
		case "shop":
			return &testProject, nil
		case foreign.String():
			return &foreign, nil
		}
		return nil, nil
	}
	const document = `<testsuites><properties><property name="project" value="%s"/></properties><testsuite>
		<testcase name="plain"/>
		<testcase name="own"><properties><property name="project_id" value="11111111-2222-4333-8444-555555555555"/></properties></testcase>
		<testcase name="secret"><properties><property name="project_id" value="someone else's"/></properties></testcase>
	</testsuite></testsuites>`
	got, report := doImport(t, xmlFile("r.xml", fmt.Sprintf(document, "shop")), o)
	require.Equal(t, testProject, *got.runs[0].ProjectID)
	require.Equal(t, testProject, *got.result(t, "plain").ProjectID, "the project of the run is that of its results")
	require.Equal(t, foreign, *got.result(t, "own").ProjectID)
	require.Equal(t, testProject, *got.result(t, "secret").ProjectID)
	require.Contains(t, report.Notes[0], "someone else's")

	got, _ = doImport(t, xmlFile("r.xml", fmt.Sprintf(document, "unknown")), o)
	require.Nil(t, got.runs[0].ProjectID)
	require.Nil(t, got.result(t, "plain").ProjectID)

	o.ProjectID = &foreign
	got, _ = doImport(t, xmlFile("r.xml", fmt.Sprintf(document, "shop")), o)
	require.Equal(t, foreign, *got.runs[0].ProjectID, "the project of the upload wins")

	o = options()
	o.ResolveProject = func(context.Context, string) (*uuid.UUID, error) { return nil, io.ErrClosedPipe }
	_, err := Import(t.Context(), Builtin(), xmlFile("r.xml", fmt.Sprintf(document, "shop")), o, &stored{})
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestJUnitIDsStayTheSame(t *testing.T) {
	t.Parallel()
	const name = "run-5f0f6c1e-6a39-4f0c-9a41-8f4c2f6f7a10.xml"
	document := func(cases ...string) file {
		return xmlFile(name, `<testsuites><testsuite name="s">`+strings.Join(cases, "")+`</testsuite></testsuites>`)
	}
	a, b, c := `<testcase classname="c" name="a"><failure>x</failure></testcase>`, `<testcase classname="c" name="b"/>`, `<testcase classname="c" name="c"/>`
	first, _ := doImport(t, document(a, b, b), options())
	again, _ := doImport(t, document(a, b, b), options())
	require.Equal(t, first.results, again.results)
	require.Equal(t, first.artifacts[0].ID, again.artifacts[0].ID)
	require.NotEqual(t, first.results[1].ID, first.results[2].ID, "two tests of one name are two results")

	grown, _ := doImport(t, document(c, a, b, b, b), options())
	require.Equal(t, first.result(t, "c.a").ID, grown.result(t, "c.a").ID, "the place in the file does not count")
	require.Equal(t, first.results[2].ID, grown.results[3].ID)

	elsewhere, _ := doImport(t, xmlFile("r.xml", string(document(a).data)), options())
	require.NotEqual(t, first.result(t, "c.a").ID, elsewhere.result(t, "c.a").ID, "another run has other results")
	other, _ := doImport(t, xmlFile(name, `<testsuite name="other">`+a+`</testsuite>`), options())
	require.NotEqual(t, first.result(t, "c.a").ID, other.result(t, "c.a").ID, "another suite has other results")
}

func TestJUnitFaults(t *testing.T) {
	t.Parallel()
	small := options()
	small.Limits = Limits{Text: 1000, Depth: 5, Attributes: 3, Results: 3, Upload: 5000, Unpacked: 10_000, Document: 200}
	properties := `<properties><property name="p" value="` + strings.Repeat("x", 900) + `"/></properties>`
	for name, c := range map[string]struct {
		document string
		options  Options
		want     string
	}{
		"empty":               {"", options(), "the file is empty"},
		"blank":               {" \n ", options(), "the file is empty"},
		"not XML":             {"this is no XML", options(), `line 1: this is not XML: it begins with "this is no XML"`},
		"gzip":                {"\x1f\x8b\x08\x00", options(), "the file is packed with gzip"},
		"another document":    {"\n<html></html>", options(), "line 2: this is not JUnit: the document is a html"},
		"not closed":          {"<testsuite>\n<testcase name='x'>", options(), "line 2: element testcase is not closed"},
		"closed wrongly":      {"<testsuite>\n<testcase>\n</testsuite>", options(), "line 3: </testsuite> stands where element testcase of line 2 is still open"},
		"cut in a tag":        {"<testsuite>\n\n<testca", options(), "line 3: the file ends within a tag"},
		"cut in a text":       {"<testsuite><![CDATA[ x", options(), "line 1: <![CDATA[ is not closed by ]]>"},
		"two documents":       {"<testsuite/>\n<testsuite/>", options(), "line 2: there is a second document"},
		"text after":          {"<testsuite/>\nx", options(), "line 2: there is text after the end"},
		"no quotes":           {"<testsuite a=b/>", options(), "line 1: the value of attribute a is not quoted"},
		"no value":            {"<testsuite a/>", options(), "line 1: attribute a has no value"},
		"entities":            {"<!DOCTYPE t [<!ENTITY a 'x'>]><testsuite/>", options(), "line 1: the document type declares entities"},
		"encoding":            {"<?xml version='1.0' encoding='Shift_JIS'?><testsuite/>", options(), `line 1: the encoding "Shift_JIS" is not supported`},
		"long text":           {"<testsuite><testcase>\n<system-out>" + strings.Repeat("x", 1001) + "</system-out></testcase></testsuite>", small, "line 2: a text is longer than 1000 bytes"},
		"long tag":            {"<testsuite a='" + strings.Repeat("x", 1001) + "'/>", small, "line 1: a tag is longer than 1000 bytes"},
		"deep":                {strings.Repeat("<testsuite>\n", 6), small, "line 6: elements are nested more than 5 deep"},
		"many attributes":     {"<testsuite a='' b='' c='' d=''/>", small, "line 1: element testsuite has more than 3 attributes"},
		"many cases":          {"<testsuite>" + strings.Repeat("<testcase/>", 4) + "</testsuite>", small, "the file has more than 3 test cases"},
		"large":               {"<testsuite/>" + strings.Repeat(" ", 5000), small, "the file has 4.9 KiB, more than the 4.9 KiB"},
		"multiplied":          {"<testsuite>" + strings.Repeat(properties, 1) + "<testcase/><testcase/></testsuite>", withLimits(Limits{Unpacked: 1000}), "properties and metadata would take more than 1000 bytes"},
		"late properties":     {"<testsuites><testsuite><testcase/>" + properties + "</testsuite></testsuites>", small, "properties that follow the test cases"},
		"too many properties": {"<testsuite><properties>" + manyProperties(maxProperties+1) + "</properties></testsuite>", options(), "line 1: there are more than 10000 properties"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, failImport(t, xmlFile("r.xml", c.document), c.options).Error(), c.want)
		})
	}
}

func withLimits(l Limits) Options {
	o := options()
	o.Limits = l
	return o
}

func manyProperties(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<property name="p%d"/>`, i)
	}
	return b.String()
}

func TestJUnitLimitsAreErrLimit(t *testing.T) {
	t.Parallel()
	fault := failImport(t, xmlFile("r.xml", "<testsuite><testcase/><testcase/></testsuite>"), withLimits(Limits{Results: 1}))
	require.ErrorIs(t, fault, ErrLimit)
}

func TestJUnitEncodings(t *testing.T) {
	t.Parallel()
	utf16 := func(mark string, order func(r rune) []byte, s string) string {
		b := []byte(mark)
		for _, r := range s {
			b = append(b, order(r)...)
		}
		return string(b)
	}
	little := func(r rune) []byte { return []byte{byte(r), byte(r >> 8)} }
	big := func(r rune) []byte { return []byte{byte(r >> 8), byte(r)} }
	const document = `<testsuite><testcase name="Größe"/></testsuite>`
	for name, data := range map[string]string{
		"UTF-8":                document,
		"UTF-8 with a mark":    "\xef\xbb\xbf" + `<?xml version="1.0" encoding="utf-8"?>` + document,
		"ISO-8859-1":           `<?xml version='1.0' encoding='ISO-8859-1'?>` + strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(document),
		"windows-1252":         `<?xml version="1.0" encoding="windows-1252" standalone="yes"?>` + strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(document),
		"cp1252":               `<?xml version="1.0" encoding="CP1252"?>` + strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(document),
		"UTF-16LE with a mark": utf16("\xff\xfe", little, `<?xml version="1.0" encoding="UTF-16"?>`+document),
		"UTF-16BE with a mark": utf16("\xfe\xff", big, document),
		"UTF-16LE":             utf16("", little, document),
		"UTF-16BE":             utf16("", big, document),
		"said to be UTF-16":    `<?xml version="1.0" encoding="utf-16"?>` + document,
		"character references": `<testsuite><testcase name="Gr&#246;&#xDF;e"/></testsuite>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := doImport(t, xmlFile("r.xml", data), options())
			require.Equal(t, []string{"Größe"}, got.testIDs())
		})
	}
}

func TestJUnitKeepsWhatXMLForbids(t *testing.T) {
	t.Parallel()
	got, _ := doImport(t, xmlFile("r.xml", "<testsuite name='a&b;'><testcase name='nul&#0;\x00bad\xff\xfe'>"+
		"<system-out>\x1b[31mred&#27;[0m &nbsp; & &#xD800; \xc3(</system-out>"+
		"<failure><![CDATA[\x00 &#27; \xe2\x82]]></failure></testcase></testsuite>"), options())
	require.Equal(t, []string{"nul\ufffd\ufffdbad\ufffd\ufffd"}, got.testIDs())
	require.Equal(t, "a&b;", *got.results[0].Source)
	require.Equal(t, map[string]string{
		"system-out.log": "\x1b[31mred\x1b[0m &nbsp; & \ufffd \ufffd(",
		"traceback.log":  "\ufffd &#27; \ufffd\ufffd",
	}, got.files(got.results[0].ID))
}

func TestJUnitBillionLaughs(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n<!ENTITY lol \"lol\">\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "<!ENTITY lol%d \"%s\">\n", i, strings.Repeat(fmt.Sprintf("&lol%d;", i-1), 10))
	}
	b.WriteString("]>\n<testsuite><testcase name=\"&lol9;\"/></testsuite>")
	require.Contains(t, failImport(t, xmlFile("r.xml", b.String()), options()).Error(), "line 2: the document type declares entities")

	got, _ := doImport(t, xmlFile("r.xml", `<!DOCTYPE testsuite SYSTEM "file:///etc/passwd"><testsuite><testcase name="&xxe;"/></testsuite>`), options())
	require.Equal(t, []string{"&xxe;"}, got.testIDs(), "nothing is fetched, nothing is expanded")
}

func TestJUnitNotesWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	_, report := doImport(t, xmlFile("r.xml", `<testsuite><surprise/><testcase><flakyFailure><stackTrace/></flakyFailure></testcase><testcase><flakyFailure/></testcase></testsuite>`), options())
	require.Equal(t, []string{"Elements that are not part of JUnit were left out: flakyFailure (2), surprise (1)."}, report.Notes)
}

// Files that the tools named wrote, from small suites with one test of each kind.
func TestJUnitAsWritten(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		tests    []string
		outcomes map[string]int
		files    int
	}{
		"pytest-9.2-xunit1.xml": {
			[]string{
				"TestCart.test_empty", "TestCart.test_full", "TestInner.test_deep", "test_shop.test_add", "test_shop.test_price",
				"test_shop.test_setup_error", "test_shop.test_skipped", "test_shop.test_teardown_error", `test_shop.test_words[1-one]`,
				`test_shop.test_words[1.5-a.b]`, `test_shop.test_words[2-zwei \xfc]`, `test_shop.test_words[3-<three & 'more'>]`,
				"test_shop.test_xfail", "test_shop.test_xpass",
			},
			map[string]int{"passed": 8, "failed": 2, "error": 2, "skipped": 2}, 4,
		},
		"pytest-9.2-xunit2.xml": {
			[]string{
				"TestCart.test_empty", "TestCart.test_full", "TestInner.test_deep", "test_shop.test_add", "test_shop.test_price",
				"test_shop.test_setup_error", "test_shop.test_skipped", "test_shop.test_teardown_error", `test_shop.test_words[1-one]`,
				`test_shop.test_words[1.5-a.b]`, `test_shop.test_words[2-zwei \xfc]`, `test_shop.test_words[3-<three & 'more'>]`,
				"test_shop.test_xfail", "test_shop.test_xpass",
			},
			map[string]int{"passed": 8, "failed": 2, "error": 2, "skipped": 2}, 32,
		},
		"node-20.xml": {
			[]string{"test.5 kg", "test.alone", "test.is empty", "test.is kept", "test.pays later", "test.ships", "test.throws"},
			map[string]int{"passed": 3, "failed": 2, "skipped": 2}, 2,
		},
		"unittest-xml-reporting-4.xml": {
			[]string{"Till.test_expected", "Till.test_open", "Till.test_skip", "Till.test_sub (i=2)", "Till.test_sum"},
			map[string]int{"passed": 1, "failed": 2, "skipped": 2}, 3,
		},
		"gotestsum-1.xml": {
			[]string{"com/till.TestLater", "com/till.TestOpen", "com/till.TestSum", "com/till.TestSum/one", "com/till.TestSum/two_words", "com/till.b"},
			map[string]int{"passed": 3, "failed": 2, "skipped": 1}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("testdata/written/" + name)
			require.NoError(t, err)
			got, report := doImport(t, file{name, data}, options())
			require.Equal(t, want.tests, sorted(got.testIDs()))
			outcomes := map[string]int{}
			for _, r := range got.results {
				outcomes[*r.Result]++
			}
			require.Equal(t, want.outcomes, outcomes)
			require.Len(t, got.artifacts, want.files)
			require.Empty(t, report.Notes)
		})
	}
}

// A fault of the database or of the network is not one of the file.
func TestJUnitForeignFaults(t *testing.T) {
	t.Parallel()
	document := xmlFile("r.xml", "<testsuite><testcase/></testsuite>")
	full := errors.New("disk full")
	_, err := Import(t.Context(), Builtin(), document, options(), &stored{fail: full})
	require.ErrorIs(t, err, full)
	require.False(t, isFault(err))

	lost := errors.New("connection lost")
	_, err = JUnit{}.Import(t.Context(), failing{document, 12, lost}, options(), &stored{})
	require.ErrorIs(t, err, lost)
	require.False(t, isFault(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = JUnit{}.Import(ctx, document, options(), &stored{})
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, isFault(err))
}

func isFault(err error) bool {
	var fault *Error
	return errors.As(err, &fault)
}

// failing is an upload whose reading breaks off after n bytes.
type failing struct {
	file
	n   int
	err error
}

func (f failing) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader(string(f.data[:f.n])), errorReader{f.err})), nil
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
