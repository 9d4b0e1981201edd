package importer

import (
	"crypto/sha1" //nolint:gosec // what UUIDs of version 5 are made with; nothing is secret
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Run is a row of runs. Times are UTC; JSON columns are objects or nil.
type Run struct {
	ID        uuid.UUID
	ProjectID *uuid.UUID
	Component *string
	Env       *string
	Source    *string
	Created   time.Time
	StartTime time.Time
	// Duration is in seconds, nil where the report does not say.
	Duration *float64
	Metadata json.RawMessage
	// Summary is what the report itself counted; counts from the stored results win over it. Nil in JUnit.
	Summary json.RawMessage
}

// Result is a row of results. Times are UTC; JSON columns are objects.
type Result struct {
	ID        uuid.UUID
	RunID     uuid.UUID
	ProjectID *uuid.UUID
	TestID    *string
	// Result is one of passed, failed, error, skipped, xpassed, xfailed, manual and blocked, or nil.
	Result    *string
	StartTime time.Time
	// Duration is in seconds.
	Duration  *float64
	Component *string
	Env       *string
	Source    *string
	Metadata  json.RawMessage
	Params    json.RawMessage
}

// Artifact is a row of artifacts: a file of a result or of a run, one of which is set.
type Artifact struct {
	ID       uuid.UUID
	ResultID *uuid.UUID
	RunID    *uuid.UUID
	Filename string
	// Data is the additional metadata: {"contentType": "text/plain", "resultId": "…"}, or runId.
	Data json.RawMessage
	// Size is the number of bytes of Content.
	Size    int64
	Content io.Reader
}

// outcomes are the values that a result can have.
var outcomes = [...]string{"passed", "failed", "error", "skipped", "xpassed", "xfailed", "manual", "blocked"}

// outcome gives the address of the outcome of that name, nil for a name that is none.
func outcome(name string) *string {
	for i := range outcomes {
		if outcomes[i] == name {
			return &outcomes[i]
		}
	}
	return nil
}

// DeriveRunID makes the id of the run of an import whose upload names none. It is always the same, so an import that was
// killed and starts again writes the same run.
func DeriveRunID(importID uuid.UUID) uuid.UUID {
	return derive(importID, "run")
}

// derive makes an id from the id of the owner and what the thing is called within it. The same parts give the same id.
// (UUID version 5; done by hand because it runs for every result, and uuid.NewSHA1 allocates four times.)
func derive[T string | []byte](owner uuid.UUID, parts ...T) uuid.UUID {
	var space [256]byte
	b := append(space[:0], owner[:]...)
	for _, part := range parts {
		// Lengths keep ("a", "bc") and ("ab", "c") apart.
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha1.Sum(b) //nolint:gosec // see above
	var id uuid.UUID
	copy(id[:], sum[:])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// artifactOfResult makes the row of a result's file.
func artifactOfResult(result uuid.UUID, filename string, size int64, content io.Reader) Artifact {
	return Artifact{
		ID: derive(result, "artifact", filename), ResultID: &result, Filename: filename,
		Data: artifactData("resultId", result), Size: size, Content: content,
	}
}

// artifactOfRun makes the row of a run's file.
func artifactOfRun(run uuid.UUID, filename string, size int64, content io.Reader) Artifact {
	return Artifact{
		ID: derive(run, "artifact", filename), RunID: &run, Filename: filename,
		Data: artifactData("runId", run), Size: size, Content: content,
	}
}

// artifactData is the additional metadata that Ibutsu gives every imported file. The type is text/plain whatever the file
// is; what is served is found from the bytes.
func artifactData(owner string, id uuid.UUID) json.RawMessage {
	b := make([]byte, 0, 96)
	b = append(b, `{"contentType":"text/plain","`...)
	b = append(b, owner...)
	b = append(b, `":"`...)
	b = appendUUID(b, id)
	return append(b, `"}`...)
}

func appendUUID(dst []byte, id uuid.UUID) []byte {
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return append(dst, text[:]...)
}

// What fits into a B-tree entry of PostgreSQL (2,704 bytes, other columns of the index included). One longer value would
// make the database refuse the whole import.
const (
	maxTestID   = 2560
	maxLabel    = 1024
	maxFilename = 1024
)

// fit cuts a text to at most that many bytes. What is cut off stays in the value as a hash, so that two long texts that differ
// only at their ends stay different.
func fit(text string, most int) string {
	if len(text) <= most {
		return text
	}
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	tail := "…" + hex.EncodeToString(sum[:8])
	end := most - len(tail)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + tail
}
