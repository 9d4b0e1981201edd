package auth

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

var (
	// ErrCodeMalformed means that a text is no code at all.
	ErrCodeMalformed = errors.New("not an activation code")
	// ErrCodeUnknown means that nobody waits for this code, or that it is over.
	ErrCodeUnknown = errors.New("invalid activation code")
)

// purpose is what a code is good for.
type purpose byte

const (
	activation purpose = 'a'
	recovery   purpose = 'r'
)

// lifetime is how long a mail may be answered. Whoever can read a mailbox's past must not find a way in there.
func (p purpose) lifetime() time.Duration {
	if p == recovery {
		return time.Hour
	}
	return 3 * 24 * time.Hour
}

const (
	codeMark   = "ib1"
	codeRandom = 24
	codeLength = len(codeMark) + 1 + 8 + codeRandom
)

// newCode makes a code that tells its purpose and when it was made. It is good only where the database has the same text, so
// nobody else can make one. It is base64 for URLs without padding, 48 characters, as the original's.
func newCode(p purpose, now time.Time, random io.Reader) (string, error) {
	raw := make([]byte, 0, codeLength)
	raw = append(raw, codeMark...)
	raw = append(raw, byte(p))
	raw = binary.BigEndian.AppendUint64(raw, uint64(now.Unix()))
	raw = raw[:codeLength]
	if _, err := io.ReadFull(random, raw[codeLength-codeRandom:]); err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// code is what can be read off a code without asking who waits for it.
type code struct {
	purpose purpose
	made    time.Time
	// adopted codes are the original's: a UUID as text, without a moment.
	adopted bool
}

// readCode fails with ErrCodeMalformed for a text that is no base64, and with ErrCodeUnknown for one that says nothing.
func readCode(text string) (code, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "="))
	if err != nil || len(raw) == 0 {
		return code{}, ErrCodeMalformed
	}
	if _, err := uuid.ParseBytes(raw); err == nil {
		return code{purpose: activation, adopted: true}, nil
	}
	if len(raw) != codeLength || string(raw[:len(codeMark)]) != codeMark {
		return code{}, ErrCodeUnknown
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(raw[len(codeMark)+1:])), 0)
	return code{purpose: purpose(raw[len(codeMark)]), made: made}, nil
}

// goodFor says whether the code serves the purpose at that moment. Adopted codes activate accounts, however old they are:
// nobody can say how old. They set no passwords: the original never sent one for that.
func (c code) goodFor(wanted purpose, now time.Time) bool {
	return c.purpose == wanted && (c.adopted || !now.After(c.made.Add(wanted.lifetime())))
}
