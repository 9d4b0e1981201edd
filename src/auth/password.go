package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

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

// Passwords makes and checks bcrypt hashes. A check costs a quarter of a second of one core at the usual cost, so only
// some run at a time: a flood of sign-ins must not take the cores away from the results that come in.
type Passwords struct {
	cost    int
	dummy   string
	hash    *regexp.Regexp
	slots   chan struct{}
	waiting atomic.Int64
}

// NewPasswords makes hashes of that cost, 4 to 31.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not between %d and %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	return &Passwords{
		cost: cost,
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

// Hash returns the modular crypt string of a new password: `$2b$<cost>$...`.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckNew(password); err != nil {
		return "", err
	}
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	// The library calls its hashes 2a; what it makes is what others call 2b, which is what the database holds.
	return "$2b$" + strings.TrimPrefix(string(hash), "$2a$"), nil
}

// Verify says whether the password is the one of the stored hash. A stored nil, or one that is no bcrypt hash, is an account
// without a local password: no password is right, which takes as long to find out as that one is wrong. Only the first
// MaxPassword bytes count, as they did when old hashes were made.
func (p *Passwords) Verify(ctx context.Context, stored *string, password string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	hash, genuine := p.dummy, false
	if stored != nil && p.hash.MatchString(*stored) {
		hash, genuine = *stored, true
	}
	if len(password) > MaxPassword {
		password = password[:MaxPassword]
	}
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	return err == nil && genuine, nil
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
