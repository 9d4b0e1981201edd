package importer

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// junitSurvey is what the first reading of a JUnit document finds out. It keeps eight bytes of each test case.
type junitSurvey struct {
	options Options
	// given is the metadata of the upload.
	given object

	root     *junitSuite
	cases    int64
	duration float64
	// late are the properties of suites in which they follow test cases, by the number of the suite.
	late     map[int]object
	lateSize int64
	// copied is the size of all properties and metadata once each result has its copy.
	copied int64
	// keys are the beginnings of the ids of all cases; repeated those that several cases share.
	keys     []uint64
	repeated map[uint64]int
	// left counts the elements that are left out, by name.
	left map[string]int
}

func newJUnitSurvey(options Options) *junitSurvey {
	return &junitSurvey{
		options: options, late: map[int]object{}, repeated: map[uint64]int{}, left: map[string]int{},
	}
}

func (v *junitSurvey) countsOnly() bool { return true }

func (v *junitSurvey) enter(s *junitSuite) (err error) {
	if s.parent == nil {
		v.root = s
		v.given, err = givenMetadata(v.options)
	}
	return err
}

func (v *junitSurvey) testcase(_ context.Context, s *junitSuite, c *junitCase) error {
	if v.cases++; v.cases > int64(v.options.Limits.Results) {
		return tooMuch("", "the file has more than %d test cases", v.options.Limits.Results)
	}
	s.cases++
	s.elapsed += c.time
	v.keys = append(v.keys, junitKey(c.id))
	return nil
}

func (v *junitSurvey) output(context.Context, *junitSuite, string, []byte) error { return nil }

// maxUnknown bounds how many names of unknown elements are kept.
const maxUnknown = 10

func (v *junitSurvey) unknown(element string) {
	if _, known := v.left[element]; known || len(v.left) < maxUnknown {
		v.left[element]++
	}
}

// lateSuite is about what it takes to keep the properties of a suite, beyond their texts.
const lateSuite = 256

func (v *junitSurvey) leave(s *junitSuite) error {
	own := sizeOf(&s.properties)
	if s.parent == nil {
		own += sizeOf(&v.given)
	}
	v.copied += own * s.cases
	if v.copied > v.options.Limits.Unpacked {
		return tooMuch("", "properties and metadata would take more than %s once every result has its copy", size(v.options.Limits.Unpacked))
	}
	if s.time > 0 {
		s.elapsed = s.time
	}
	if s.late && s.parent != nil && own > 0 {
		v.late[s.number] = s.properties
		if v.lateSize += own + lateSuite; v.lateSize > v.options.Limits.Document {
			return tooMuch("", "properties that follow the test cases to which they apply take more than %s", size(v.options.Limits.Document))
		}
	}
	if s.parent == nil {
		v.duration = s.elapsed
		v.findRepeated()
		return nil
	}
	s.parent.cases += s.cases
	s.parent.elapsed += s.elapsed
	return nil
}

// findRepeated finds the cases that have the same names, whose ids need a number.
func (v *junitSurvey) findRepeated() {
	slices.Sort(v.keys)
	for i := 1; i < len(v.keys); i++ {
		if v.keys[i] == v.keys[i-1] {
			v.repeated[v.keys[i]] = 0
		}
	}
	v.keys = nil
}

// noteUnknown tells which elements were left out.
func (v *junitSurvey) noteUnknown(report *Report) {
	if len(v.left) == 0 {
		return
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(v.left)) {
		names = append(names, fmt.Sprintf("%s (%d)", name, v.left[name]))
	}
	report.notef("Elements that are not part of JUnit were left out: %s.", strings.Join(names, ", "))
}

// sizeOf is about how many bytes an object takes as JSON.
func sizeOf(o *object) int64 {
	n := int64(0)
	for _, m := range o.members {
		n += int64(len(m.key) + len(m.value) + 4)
	}
	return n
}

// givenMetadata is the metadata of the upload as an object.
func givenMetadata(options Options) (object, error) {
	clean, err := cleanJSON(nil, orNull(options.Metadata), options.Limits.Depth)
	if err == nil {
		var o object
		if o, err = parseObject(clean); err == nil {
			return o, nil
		}
	}
	return object{}, faulty("metadata of the upload", "%v", err)
}

func orNull(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	return raw
}

func junitKey(id uuid.UUID) uint64 { return binary.BigEndian.Uint64(id[:]) }
