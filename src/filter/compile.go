package filter

import (
	"regexp"
	"strconv"
	"strings"
)

// Compile turns the set into an SQL condition on the model's table, fit to stand after WHERE or AND, and appends its
// values to args. Where no condition applies it is TRUE. The text of the SQL depends on fields and operators alone,
// never on values, and spells JSON paths as the expression indexes do. Each argument is a string or a []string. Unknown fields are passed over (Model.Ignored
// tells which). The error is an *Error.
func Compile(model Model, set Set, args *Args) (string, error) {
	var conditions []string
	for _, c := range set.Conditions {
		if model.ignores(c) {
			continue
		}
		sql, err := compileOne(model, c, args)
		if err != nil {
			return "", err
		}
		conditions = append(conditions, sql)
	}
	if len(conditions) == 0 {
		return "TRUE", nil
	}
	return strings.Join(conditions, " AND "), nil
}

func compileOne(model Model, c Condition, args *Args) (string, error) {
	if c.Op == Exists && c.Value == "" {
		return "", refuse(c, "@ needs a value: y, t or 1 for rows that have the field, anything else for rows that do not")
	}
	if column, ok := model.Columns[c.Field]; ok {
		sql, err := compileColumn(model.column(c.Field), column.Kind, c, args)
		if err != nil || !column.OrNull {
			return sql, err
		}
		return "(" + model.column(c.Field) + " IS NULL OR " + sql + ")", nil
	}
	document, path, err := model.resolve(c)
	if err != nil {
		return "", err
	}
	switch {
	case document.isArray(path.keys):
		return compileArray(path, document.Arrays[path.keys[0]], c, args)
	case document.isNumber(path.keys):
		return compileCounter(path, c, args)
	}
	return compilePath(path, c, args)
}

// resolve finds the value in a document that the condition is about.
func (m Model) resolve(c Condition) (Document, jsonPath, error) {
	document, keys, ok := m.path(c.Field)
	if !ok {
		return Document{}, jsonPath{}, unusablePath(m, c)
	}
	for i, k := range keys {
		if k == "" && i < len(keys)-1 {
			return Document{}, jsonPath{}, refuse(c, "the path has an empty segment")
		}
		if !key.MatchString(k) {
			return Document{}, jsonPath{}, refuse(c, "a path has letters, digits, _ and - only")
		}
	}
	return document, jsonPath{column: m.column(document.Column), keys: keys}, nil
}

func unusablePath(model Model, c Condition) error {
	root, _, hasPath := strings.Cut(c.Field, ".")
	if _, ok := model.Documents[root]; ok && !hasPath {
		return refuse(c, "it needs a path, as in %s.name", root)
	}
	return refuse(c, "%ss have no %s", model.Name, root)
}

// comparisons are the operators that PostgreSQL has for every type.
var comparisons = map[Op]string{Eq: "=", Ne: "<>", Gt: ">", Lt: "<", Ge: ">=", Le: "<="}

// byteOrder makes the order of text the same on every server, and as recorded, whatever the database's locale.
const byteOrder = ` COLLATE "C"`

func compileColumn(column string, kind Kind, c Condition, args *Args) (string, error) {
	if c.Op == Exists {
		return column + exists(c), nil
	}
	if kind == Text {
		return compileText(column, c, args)
	}
	if kind == UUID && c.Op == Regex {
		return compileText(column+"::text", c, args)
	}
	if c.Op == Regex || c.Op == Contains {
		return "", refuse(c, "%s works on text, and this is %s", c.Op, kind.noun())
	}
	if c.Op == In {
		list, err := listOf(c)
		if err != nil {
			return "", err
		}
		for i, s := range list {
			if list[i], err = literal(kind, s, c); err != nil {
				return "", err
			}
		}
		return column + " = ANY(" + args.Add(list) + "::text[]::" + sqlTypes[kind] + "[])", nil
	}
	value, err := literal(kind, c.Value, c)
	if err != nil {
		return "", err
	}
	return column + " " + comparisons[c.Op] + " " + args.Add(value) + "::" + sqlTypes[kind], nil
}

func (k Kind) noun() string {
	return map[Kind]string{
		UUID: "an id", Text: "text", Int: "a number", Float: "a number", Timestamp: "a time", Bool: "true or false", JSON: "JSON",
	}[k]
}

func exists(c Condition) string {
	switch c.Value[0] {
	case 'y', 'Y', 't', 'T', '1':
		return " IS NOT NULL"
	}
	return " IS NULL"
}

func listOf(c Condition) ([]string, error) {
	list := c.List()
	if len(list) > MaxList {
		return nil, refuse(c, "* takes at most %d values", MaxList)
	}
	return list, nil
}

// compileText is for text, be it a column or an expression.
func compileText(text string, c Condition, args *Args) (string, error) {
	switch c.Op {
	case Eq, Ne:
		return text + " " + comparisons[c.Op] + " " + args.Add(c.Value), nil
	case Regex:
		if err := checkRegex(c.Value); err != nil {
			return "", refuse(c, "the regular expression is unusable: %s", err)
		}
		return text + " ~ " + args.Add(c.Value), nil
	case Contains:
		return text + " ILIKE " + args.Add("%"+c.Value+"%"), nil
	case In:
		list, err := listOf(c)
		if err != nil {
			return "", err
		}
		return text + " = ANY(" + args.Add(list) + "::text[])", nil
	}
	return text + byteOrder + " " + comparisons[c.Op] + " " + args.Add(c.Value), nil
}

// sqlTypes names the types whose values are checked here before the database reads them.
var sqlTypes = map[Kind]string{
	UUID: "uuid", Int: "float8", Float: "float8", Timestamp: "timestamp", Bool: "bool", JSON: "jsonb",
}

// literal returns the value as a literal that the database reads as the kind's type without fail.
func literal(kind Kind, s string, c Condition) (string, error) {
	switch kind {
	case UUID:
		if id, ok := ParseUUID(s); ok {
			return id.String(), nil
		}
		return "", refuse(c, "%q is not a UUID", shorten(s))
	case Int, Float:
		return number(s, c)
	case Timestamp:
		if t, ok := parseTime(s); ok {
			return t.Format("2006-01-02T15:04:05.999999"), nil
		}
		if isMoment(s) {
			return strings.TrimSpace(s), nil
		}
		return "", refuse(c, "%q is not a time such as 2024-03-01 or 2024-03-01T10:00:00", shorten(s))
	case Bool:
		if b, ok := parseBool(s); ok {
			return strconv.FormatBool(b), nil
		}
		return "", refuse(c, "%q is neither true nor false", shorten(s))
	}
	return jsonString(s), nil
}

func number(s string, c Condition) (string, error) {
	if f, ok := parseFloat(s); ok {
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	}
	return "", refuse(c, "%q is not a number", shorten(s))
}

// jsonPath is a value inside a JSON column.
type jsonPath struct {
	column string
	keys   []string
}

// key is what the grammar lets into a path; anything else in a statement would be SQL from outside. It is asked again
// here because conditions can be made without Parse.
var key = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

// sql spells the path with its keys, which were checked, as literals: an expression index never serves a path in a
// parameter.
func (p jsonPath) sql(last string) string {
	var b strings.Builder
	b.WriteString("(" + p.column)
	for i, k := range p.keys {
		arrow := " -> "
		if i == len(p.keys)-1 {
			arrow = last
		}
		b.WriteString(arrow + "'" + k + "'")
	}
	b.WriteString(")")
	return b.String()
}

func (p jsonPath) text() string { return p.sql(" ->> ") }
func (p jsonPath) json() string { return p.sql(" -> ") }

// number is null for whatever is no number, so that no stored value can make a statement fail.
func (p jsonPath) number() string {
	return "CASE jsonb_typeof" + p.json() + " WHEN 'number' THEN " + p.json() + "::numeric" +
		" WHEN 'string' THEN CASE WHEN " + p.text() + " ~ '^[+-]?[0-9]{1,18}$' THEN " + p.text() + "::numeric END END"
}

// compilePath is for any value in the metadata. It is compared as text; ranges compare numbers when the stored value
// and the filter's are both numbers. Equality stays on the text alone, which is what the indexes hold.
func compilePath(path jsonPath, c Condition, args *Args) (string, error) {
	if c.Op == Exists {
		return path.text() + exists(c), nil
	}
	asText, err := compileText(path.text(), c, args)
	if err != nil {
		return "", err
	}
	switch c.Op {
	case Gt, Lt, Ge, Le:
		if !isJSONNumber(c.Value) {
			return asText, nil
		}
		asNumber := path.json() + "::numeric " + comparisons[c.Op] + " " + args.Add(c.Value) + "::numeric"
		return "CASE WHEN jsonb_typeof" + path.json() + " = 'number' THEN " + asNumber + " ELSE " + asText + " END", nil
	}
	return asText, nil
}

// compileCounter is for the counters of a run's summary. A stored value that is no number just does not match.
func compileCounter(path jsonPath, c Condition, args *Args) (string, error) {
	if c.Op == Exists {
		return path.text() + exists(c), nil
	}
	if c.Op == Regex || c.Op == Contains {
		return "", refuse(c, "%s works on text, and this is %s", c.Op, Int.noun())
	}
	counter := path.number()
	if c.Op == In {
		list, err := listOf(c)
		if err != nil {
			return "", err
		}
		for i, s := range list {
			if list[i], err = number(s, c); err != nil {
				return "", err
			}
		}
		return counter + " = ANY(" + args.Add(list) + "::text[]::numeric[])", nil
	}
	n, err := number(c.Value, c)
	if err != nil {
		return "", err
	}
	return counter + " " + comparisons[c.Op] + " " + args.Add(n) + "::numeric", nil
}

// compileArray is for the lists in the metadata. A value that looks like a number finds numbers and strings.
func compileArray(path jsonPath, named bool, c Condition, args *Args) (string, error) {
	list := path.json()
	switch c.Op {
	case Exists:
		return list + exists(c), nil
	case In:
		values, err := listOf(c)
		if err != nil {
			return "", err
		}
		sql := list + " ?| " + args.Add(values) + "::text[]"
		if !named {
			return sql, nil
		}
		objects := make([]string, len(values))
		for i, v := range values {
			objects[i] = namedObject(v)
		}
		return "(" + sql + " OR " + list + " @> ANY(" + args.Add(objects) + "::text[]::jsonb[]))", nil
	}
	wanted := []string{jsonString(c.Value)}
	if isJSONNumber(c.Value) {
		wanted = append(wanted, c.Value)
	}
	if named {
		wanted = append(wanted, namedObject(c.Value))
	}
	finds := make([]string, len(wanted))
	for i, w := range wanted {
		finds[i] = list + " @> " + args.Add(w) + "::jsonb"
	}
	if len(finds) == 1 {
		return finds[0], nil
	}
	return "(" + strings.Join(finds, " OR ") + ")", nil
}

func namedObject(name string) string { return `[{"name":` + jsonString(name) + `}]` }
