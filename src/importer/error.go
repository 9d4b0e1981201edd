package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error is a fault of the uploaded file: importing it again fails again. Its text is meant for the author of the upload.
type Error struct {
	// Where is the place in the file: "line 17", "member 5f0f…/run.json". Empty when it is the file as a whole.
	Where string
	// Reason says what is wrong there.
	Reason string
	// Err is the cause, where there is one to compare with; ErrLimit when a limit was reached.
	Err error
}

func (e *Error) Error() string {
	if e.Where == "" {
		return e.Reason
	}
	return e.Where + ": " + e.Reason
}

func (e *Error) Unwrap() error { return e.Err }

// ErrLimit is the cause of every Error that is about a limit.
var ErrLimit = errors.New("limit of imports reached")

// faulty makes an Error.
func faulty(where, format string, args ...any) error {
	return &Error{Where: where, Reason: fmt.Sprintf(format, args...)}
}

// tooMuch makes an Error about a limit.
func tooMuch(where, format string, args ...any) error {
	return &Error{Where: where, Reason: fmt.Sprintf(format, args...), Err: ErrLimit}
}

// size writes a number of bytes the way a person reads it.
func size(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes {
			return strings.TrimSuffix(strconv.FormatFloat(float64(n)/float64(u.bytes), 'f', 1, 64), ".0") + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// quote shows a piece of a file in a message: short, and without control characters.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
