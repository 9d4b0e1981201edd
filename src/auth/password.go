package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// MaxPassword is the number of bytes that bcrypt looks at.
const MaxPassword = 72

var (
	// ErrPasswordTooLong means that a new password has more than MaxPassword bytes.
	ErrPasswordTooLong = errors.New("the password is longer than 72 bytes")
	// ErrPasswordEmpty means that a new password is empty.
	ErrPasswordEmpty = errors.New("the password is empty")
	// ErrBusy means that too many passwords are being checked already.
	ErrBusy = errors.New("too many sign-ins at the moment")
)

const (
	// waitingMost and waitingLongest bound the queue for a slot.
	waitingMost    = 32
	waitingLongest = 15 * time.Second
)

// The cost of argon2id: 19 MiB, two passes, one thread, the least that OWASP advises. More memory would let few sign-ins at
// the same moment push the results out of it.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
	// argonMemoryMost and argonTimeMost bound what a stored hash may ask for.
	argonMemoryMost = 256 << 10
	argonTimeMost   = 16
)

// Passwords makes and checks hashes: bcrypt as the original does, or argon2id. A check costs up to a quarter of a second of one
// core, so only some run at a time: a flood of sign-ins must not take the cores away from the results that come in.
type Passwords struct {
	cost    int
	argon   bool
	random  io.Reader
	dummy   string
	hash    *regexp.Regexp
	slots   chan struct{}
	waiting atomic.Int64
}

// NewArgon2idPasswords makes argon2id hashes, and verifies those of bcrypt, too.
func NewArgon2idPasswords() *Passwords {
	p, err := NewPasswords(bcrypt.MinCost)
	if err != nil {
		panic(err) // the least cost is one
	}
	p.argon = true
	p.dummy = encodeArgon(make([]byte, argonSalt), make([]byte, argonKey))
	return p
}

// NewPasswords makes bcrypt hashes of that cost, 4 to 31, and verifies those of argon2id, too.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not between %d and %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	return &Passwords{
		cost:   cost,
		random: rand.Reader,
		// Nobody's password: comparing with it takes as long as with a real one. Any text of the right form does.
		dummy: fmt.Sprintf("$2b$%02d$%s", cost, strings.Repeat("u", 53)),
		hash:  regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`),
		slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}, nil
}

// CheckNew says what is wrong with a new password, before anything is done for it.
func CheckNew(password string) error {
	switch {
	case password == "":
		return ErrPasswordEmpty
	case len(password) > MaxPassword:
		return ErrPasswordTooLong
	}
	return nil
}

// Hash returns the text of a new password's hash: `$2b$<cost>$...`, or `$argon2id$...`.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckNew(password); err != nil {
		return "", err
	}
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	if p.argon {
		salt := make([]byte, argonSalt)
		if _, err := io.ReadFull(p.random, salt); err != nil {
			return "", fmt.Errorf("hash password: %w", err)
		}
		return encodeArgon(salt, argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)), nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	// The library calls its hashes 2a; what it makes is what others call 2b, which is what the database holds.
	return "$2b$" + strings.TrimPrefix(string(hash), "$2a$"), nil
}

// Verify says whether the password is the one of the stored hash. A stored nil, or one that is no hash, is an account
// without a local password: no password is right, which takes as long to find out as that one is wrong. Only the first
// MaxPassword bytes count, as they did when old hashes were made.
func (p *Passwords) Verify(ctx context.Context, stored *string, password string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	hash, genuine := p.dummy, false
	if stored != nil && (p.hash.MatchString(*stored) || strings.HasPrefix(*stored, argonMark)) {
		hash, genuine = *stored, true
	}
	if len(password) > MaxPassword {
		password = password[:MaxPassword]
	}
	if strings.HasPrefix(hash, argonMark) {
		return verifyArgon(hash, password) && genuine, nil
	}
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	return err == nil && genuine, nil
}

// Outdated says whether the hash is of another kind, or weaker, than those that are made now. Where bcrypt is asked for, one of
// argon2id is outdated, too: the way back to the original must open again for who signs in.
func (p *Passwords) Outdated(hash string) bool {
	if p.argon {
		return !strings.HasPrefix(hash, argonMark+argonCost)
	}
	return strings.HasPrefix(hash, argonMark)
}

const argonMark = "$argon2id$"

// argonCost is how the cost stands in a hash.
var argonCost = fmt.Sprintf("v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)

func encodeArgon(salt, key []byte) string {
	text := base64.RawStdEncoding
	return argonMark + argonCost + text.EncodeToString(salt) + "$" + text.EncodeToString(key)
}

// verifyArgon compares in the time of one hash. A text that is no hash of bearable cost is nobody's.
func verifyArgon(stored, password string) bool {
	fields := strings.Split(strings.TrimPrefix(stored, argonMark), "$")
	if len(fields) != 4 {
		return false
	}
	var version int
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(fields[0], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(fields[1], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(fields[2])
	key, keyErr := base64.RawStdEncoding.DecodeString(fields[3])
	if saltErr != nil || keyErr != nil || len(key) < 16 || len(key) > 64 ||
		memory > argonMemoryMost || passes == 0 || passes > argonTimeMost || threads == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(key, argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(key)))) == 1
}

func (p *Passwords) enter(ctx context.Context) error {
	if p.waiting.Add(1) > waitingMost {
		p.waiting.Add(-1)
		return ErrBusy
	}
	defer p.waiting.Add(-1)
	wait := time.NewTimer(waitingLongest)
	defer wait.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-wait.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Passwords) leave() { <-p.slots }
