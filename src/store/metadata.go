package store

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MergeMetadata lays an update over stored metadata as PUT does: objects are joined key by key, any other new value wins, and
// a key that the update lacks or has as null keeps its stored value. So keys are never removed. Either may be nil.
func MergeMetadata(stored, update json.RawMessage) (json.RawMessage, error) {
	old, isOld := members(stored)
	fresh, isFresh := members(update)
	switch {
	case !isFresh && (len(update) == 0 || string(bytes.TrimSpace(update)) == "null"):
		return stored, nil
	case !isOld || !isFresh:
		return update, nil
	}
	for key, value := range fresh {
		was, had := old[key]
		if !had {
			old[key] = value
			continue
		}
		merged, err := MergeMetadata(was, value)
		if err != nil {
			return nil, err
		}
		old[key] = merged
	}
	out, err := json.Marshal(old)
	if err != nil {
		return nil, fmt.Errorf("merge metadata: %w", err)
	}
	return out, nil
}

// members returns the members of a JSON object, or false for anything else.
func members(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(trimmed, &m) != nil {
		return nil, false
	}
	return m, true
}
