package importer

import (
	"bytes"
	"context"
	"strconv"

	"github.com/google/uuid"
)

// junitVisitor is told what stands in a JUnit document, in its order.
type junitVisitor interface {
	// enter begins a testsuites or testsuite element; its attributes are known.
	enter(s *junitSuite) error
	// testcase gives one test case. c is used again for the next.
	testcase(ctx context.Context, s *junitSuite, c *junitCase) error
	// output gives the system-out or system-err of a suite.
	output(ctx context.Context, s *junitSuite, element string, text []byte) error
	// unknown names an element that is left out.
	unknown(element string)
	// leave ends a suite; its properties are known.
	leave(s *junitSuite) error
	// countsOnly tells that the contents of texts are not needed.
	countsOnly() bool
}

// junitSuite is a testsuite element, or the testsuites around them.
type junitSuite struct {
	parent *junitSuite
	// number is its place in the document; the root is 0.
	number int
	// group marks a testsuites element.
	group      bool
	name, file optional
	timestamp  string
	time       float64
	properties object
	// id is what the ids of its cases are derived from; that of the root is the run's.
	id uuid.UUID
	// late marks that properties stand behind test cases or suites to which they apply.
	begun, late bool

	// For the survey.
	cases   int64
	elapsed float64

	// For the emission.
	base *junitBase
}

// junitCase is a testcase element.
type junitCase struct {
	// id is that of its names within its suite. It does not depend on where the case stands, so a file that is written anew
	// with one more test keeps the ids of the others, and parts of one run can come in several files. Cases that have the
	// same names have the same.
	id                          uuid.UUID
	classname, name, file, line optional
	time                        float64
	failure, fault, skipped     junitOutcome // fault is the error element
	xfailed, xpassed            bool
	// stdout and stderr are all of the system-out or system-err elements.
	stdout, stderr xmlText
	properties     object
}

// junitOutcome is a failure, error or skipped element. Only the first of its kind counts.
type junitOutcome struct {
	seen          bool
	message, kind optional
	text          xmlText
}

// optional is an attribute that may be absent. Its bytes are its own.
type optional struct {
	set   bool
	value []byte
}

func (o *optional) take(value []byte) {
	o.set = value != nil
	o.value = append(o.value[:0], value...)
}

// explanation is the text of an outcome, or its message where the text says nothing.
func (o *junitOutcome) explanation() []byte {
	if len(bytes.TrimSpace(o.text.data)) > 0 {
		return o.text.data
	}
	if len(bytes.TrimSpace(o.message.value)) > 0 {
		return o.message.value
	}
	return nil
}

// maxProperties is the number of properties of one element.
const maxProperties = 10_000

// junitReader walks through a document.
type junitReader struct {
	x       *xmlReader
	visitor junitVisitor
	suites  int
	c       junitCase
	text    xmlText // of a suite
}

// readJUnit reads the whole source and tells the visitor.
func readJUnit(ctx context.Context, source Source, limits Limits, run uuid.UUID, visitor junitVisitor) error {
	in, err := openUpload(ctx, source, limits.Upload)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := utf8XML(in)
	if err != nil {
		return in.cause(err)
	}
	r := junitReader{x: newXMLReader(text, limits), visitor: visitor}
	r.discardTexts(visitor.countsOnly())
	return in.cause(r.document(ctx, run))
}

func (r *junitReader) discardTexts(discard bool) {
	r.text.discard = discard
	for _, t := range []*xmlText{
		&r.c.failure.text, &r.c.fault.text, &r.c.skipped.text, &r.c.stdout, &r.c.stderr,
	} {
		t.discard = discard
	}
}

func (r *junitReader) document(ctx context.Context, run uuid.UUID) error {
	token, err := r.x.next()
	if err != nil {
		return err
	}
	root := &junitSuite{id: run, group: string(r.x.name) == "testsuites"}
	if token != xmlStart || !root.group && string(r.x.name) != "testsuite" {
		return faulty(r.x.where(), "this is not JUnit: the document is a %s, not testsuites or testsuite", shown(r.x.name))
	}
	if err := r.suite(ctx, root); err != nil {
		return err
	}
	_, err = r.x.next()
	return err
}

// suite reads a suite whose start tag was just read, and all in it.
func (r *junitReader) suite(ctx context.Context, s *junitSuite) error {
	s.number = r.suites
	r.suites++
	s.name.take(r.x.attr("name"))
	s.file.take(r.x.attr("file"))
	s.timestamp = string(r.x.attr("timestamp"))
	s.time = junitSeconds(r.x.attr("time"))
	if s.parent != nil {
		s.id = derive(s.parent.id, s.name.value)
	}
	if err := r.visitor.enter(s); err != nil {
		return err
	}
	for {
		token, err := r.x.next()
		if err != nil {
			return err
		}
		if token == xmlEnd {
			return r.visitor.leave(s)
		}
		switch string(r.x.name) {
		case "testcase":
			s.begun = true
			err = r.testcase(ctx, s)
		case "testsuite":
			s.begun = true
			err = r.suite(ctx, &junitSuite{parent: s})
		case "properties":
			s.late = s.late || s.begun
			err = r.properties(&s.properties)
		case "system-out":
			err = r.suiteOutput(ctx, s, "system-out")
		case "system-err":
			err = r.suiteOutput(ctx, s, "system-err")
		default:
			r.visitor.unknown(shown(r.x.name))
			err = r.x.skipElement()
		}
		if err != nil {
			return err
		}
	}
}

func (r *junitReader) suiteOutput(ctx context.Context, s *junitSuite, element string) error {
	r.text.reset()
	if err := r.x.readText(&r.text); err != nil {
		return err
	}
	return r.visitor.output(ctx, s, element, r.text.data)
}

// testcase reads a test case whose start tag was just read.
func (r *junitReader) testcase(ctx context.Context, s *junitSuite) error {
	c := &r.c
	c.reset()
	c.classname.take(r.x.attr("classname"))
	c.name.take(r.x.attr("name"))
	c.file.take(r.x.attr("file"))
	c.line.take(r.x.attr("line"))
	c.time = junitSeconds(r.x.attr("time"))
	c.id = derive(s.id, c.classname.value, c.name.value)
	for {
		token, err := r.x.next()
		if err != nil {
			return err
		}
		if token == xmlEnd {
			return r.visitor.testcase(ctx, s, c)
		}
		switch string(r.x.name) {
		case "failure":
			err = r.outcome(&c.failure)
		case "error":
			err = r.outcome(&c.fault)
		case "skipped":
			err = r.outcome(&c.skipped)
		case "xfailure":
			c.xfailed = true
			err = r.x.skipElement()
		case "xpassed":
			c.xpassed = true
			err = r.x.skipElement()
		case "system-out":
			err = r.output(&c.stdout)
		case "system-err":
			err = r.output(&c.stderr)
		case "properties":
			err = r.properties(&c.properties)
		default:
			r.visitor.unknown(shown(r.x.name))
			err = r.x.skipElement()
		}
		if err != nil {
			return err
		}
	}
}

func (c *junitCase) reset() {
	for _, o := range []*junitOutcome{&c.failure, &c.fault, &c.skipped} {
		o.seen = false
		o.message.take(nil)
		o.kind.take(nil)
		o.text.reset()
	}
	c.stdout.reset()
	c.stderr.reset()
	c.xfailed, c.xpassed = false, false
	c.properties = object{}
}

func (r *junitReader) outcome(o *junitOutcome) error {
	if o.seen {
		return r.x.skipElement()
	}
	o.seen = true
	o.message.take(r.x.attr("message"))
	o.kind.take(r.x.attr("type"))
	return r.x.readText(&o.text)
}

// output adds to what a case has written. Writers that capture each phase of a test by itself write several elements.
func (r *junitReader) output(all *xmlText) error {
	if n := len(all.data); n > 0 && all.data[n-1] != '\n' {
		all.data = append(all.data, '\n')
	}
	return r.x.readText(all)
}

// properties reads the property elements of a properties element. The name is name, as everyone writes it, or key, which
// is what Ibutsu used to ask for; the value is value, or the text of the element.
func (r *junitReader) properties(into *object) error {
	for {
		token, err := r.x.next()
		if err != nil || token == xmlEnd {
			return err
		}
		if string(r.x.name) != "property" {
			r.visitor.unknown(shown(r.x.name))
			if err := r.x.skipElement(); err != nil {
				return err
			}
			continue
		}
		key := r.x.attr("name")
		if len(key) == 0 {
			key = r.x.attr("key")
		}
		name := string(key)
		var value []byte
		if v := r.x.attr("value"); v != nil {
			value = appendJSON(make([]byte, 0, len(v)+2), v)
			err = r.x.skipElement()
		} else {
			text := xmlText{}
			err = r.x.readText(&text)
			value = appendJSON(nil, bytes.TrimSpace(text.data))
		}
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if into.set(name, value); len(into.members) > maxProperties {
			return tooMuch(r.x.where(), "there are more than %d properties at one place", maxProperties)
		}
	}
}

// junitSeconds reads a time attribute; what is no number counts as nothing.
func junitSeconds(attr []byte) float64 {
	if f, err := strconv.ParseFloat(string(attr), 64); err == nil {
		f, _ = finite(f)
		return f
	}
	f, _ := parseSeconds(string(attr))
	return f
}
