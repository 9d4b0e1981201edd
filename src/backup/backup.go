// Package backup writes a whole database into one file and makes a database of it again.
//
// The file is a tar archive, compressed with zstd. It begins with backup.json, which says what is in it; then come the
// tables, in pieces of PostgreSQL's own COPY text format (tables/results/00000001, …), and what artifacts have outside of the
// database (contents/<SHA-256>); it ends with sums.json: rows, bytes and SHA-256 of everything before it. A file without that end is no backup. Whoever has zstd, tar and psql can get at the
// rows without this program.
package backup

import (
	"errors"
	"time"

	"github.com/ibutsu/ibutsu-go/src/store"
)

var (
	// ErrDamaged means that the file is not what was written: cut off, changed, or no backup at all.
	ErrDamaged = errors.New("this is no whole backup")
	// ErrNewer means that the backup has a schema that this version does not know.
	ErrNewer = errors.New("the backup was made by a newer version")
)

// format is the version of the file's form. One without contents is in the form that had none.
const (
	format         = 2
	formatOfTables = 1
)

const (
	headerName = "backup.json"
	sumsName   = "sums.json"
)

// Header says what a backup holds.
type Header struct {
	Format int `json:"format"`
	// Version is the Ibutsu that wrote it, PostgreSQL the version of the server.
	Version    string `json:"version"`
	PostgreSQL string `json:"postgresql"`
	Database   string `json:"database"`
	// Taken is the moment of the snapshot, Position where the write-ahead log was.
	Taken    time.Time   `json:"taken"`
	Position string      `json:"wal_position"`
	Shape    store.Shape `json:"shape"`
	Tables   []Table     `json:"tables"`
	// Sequences are the next numbers of the tables that count.
	Sequences []Sequence `json:"sequences"`
	// Contents says that what artifacts have outside of the database is in the file, too.
	Contents bool `json:"contents,omitempty"`
}

// Table is a table with those of its columns that hold anything of their own.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	// Size is about how many bytes it takes in the database, for the progress alone.
	Size int64 `json:"size"`
	// Estimate is about how many rows it has, as the planner knows it.
	Estimate int64 `json:"estimate"`
}

// Sequence is the state of a sequence: what setval wants.
type Sequence struct {
	Name   string `json:"name"`
	Value  int64  `json:"value"`
	Called bool   `json:"called"`
}

// sums is the end of the file.
type sums struct {
	// Header is the SHA-256 of backup.json.
	Header   string         `json:"header"`
	Sections map[string]sum `json:"sections"`
}

// sum is what a section must come to: COPY text of so many rows and bytes.
type sum struct {
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Summary is what was written, found or put back.
type Summary struct {
	Header Header
	// Rows of each table, and of all; Bytes is the length of the content before compression.
	Tables map[string]int64
	Rows   int64
	Bytes  int64
	// Contents are those of artifacts that were outside of the database, Lost those that their store did not have.
	Contents int64
	Lost     int64
	// Left are tables of the backup that are none of Ibutsu's: they were not put back.
	Left []string
}

func (s *Summary) add(name string, got sum) {
	if s.Tables == nil {
		s.Tables = map[string]int64{}
	}
	s.Tables[name] = got.Rows
	s.Rows += got.Rows
	s.Bytes += got.Bytes
}

const tablesFolder = "tables/"

func section(table string) string { return tablesFolder + table }
