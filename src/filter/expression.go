package filter

// Expression is the SQL of a field: what rows can be grouped by, in the spelling that indexes have.
type Expression struct {
	SQL string
	// Kind is the column's. A value in a document is Text, a counter in a summary is Float, a list in the metadata is JSON.
	Kind Kind
}

// Expression returns what a field name stands for. ok is false for a field that the model does not have, by which nothing
// can be grouped. The error is an *Error, for a path that leads nowhere.
func (m Model) Expression(field string) (e Expression, ok bool, err error) {
	if column, ok := m.Columns[field]; ok {
		return Expression{SQL: m.column(field), Kind: column.Kind}, true, nil
	}
	if !isDocumentName(field) {
		return Expression{}, false, nil
	}
	c := Condition{Text: field, Field: field}
	if len(field) > MaxField {
		return Expression{}, false, refuse(c, "a field name is at most %d bytes", MaxField)
	}
	document, path, err := m.resolve(c)
	if err != nil {
		return Expression{}, false, err
	}
	switch {
	case document.isArray(path.keys):
		return Expression{SQL: path.json(), Kind: JSON}, true, nil
	case document.isNumber(path.keys):
		return Expression{SQL: path.number(), Kind: Float}, true, nil
	}
	return Expression{SQL: path.text(), Kind: Text}, true, nil
}
