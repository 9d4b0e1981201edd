package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/riverqueue/river"
)

func strict(params json.RawMessage, into any) error {
	if len(params) == 0 || string(bytes.TrimSpace(params)) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// number is a JSON number, or one written as text: older scripts send both.
type number int

func (n *number) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	i, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*n = number(i)
	return nil
}

// maxMonths keeps dates within what PostgreSQL knows.
const maxMonths = 1200

func months(args func(int) river.JobArgs, usual int) func(json.RawMessage) (river.JobArgs, error) {
	return func(params json.RawMessage) (river.JobArgs, error) {
		p := struct {
			Months number `json:"months"`
		}{number(usual)}
		if err := strict(params, &p); err != nil {
			return nil, err
		}
		if p.Months < 0 || p.Months > maxMonths {
			return nil, errors.New("months is out of range")
		}
		return args(int(p.Months)), nil
	}
}

func pruneImportsArgs(params json.RawMessage) (river.JobArgs, error) {
	p := struct {
		Days number `json:"days"`
	}{7}
	if err := strict(params, &p); err != nil {
		return nil, err
	}
	if p.Days < 0 || p.Days > 30*maxMonths {
		return nil, errors.New("days is out of range")
	}
	return PruneImports{Days: int(p.Days)}, nil
}
