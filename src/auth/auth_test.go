package auth_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

const fixtures = "../../checks/fixtures/"

// fixtureSecret is what the original signed the fixture's tokens with.
const fixtureSecret = "fixture-secret-0123456789abcdef0123456789"

// fixtureHash is the stored password of a user of the original's database.
func fixtureHash(t *testing.T, email string) string {
	t.Helper()
	f, err := os.Open(fixtures + "ibutsu-3.1.1.sql.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), "\t"); len(fields) == 8 && fields[1] == email {
			return fields[2]
		}
	}
	require.Fail(t, "no such user in the fixture")
	return ""
}

// fixtureTokens are the tokens that the original issued, by name.
func fixtureTokens(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile(fixtures + "tokens.txt")
	require.NoError(t, err)
	tokens := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, token, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok)
		tokens[name] = token
	}
	return tokens
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func tokensAt(t testing.TB, now func() time.Time) *auth.Tokens {
	t.Helper()
	tokens, err := auth.NewTokens(fixtureSecret, auth.DefaultIssuer, 30*24*time.Hour, now)
	require.NoError(t, err)
	return tokens
}

// people are users and projects in memory, that count how often they are asked.
type people struct {
	mu       sync.Mutex
	callers  map[uuid.UUID]store.Caller
	kept     map[string]bool
	projects []store.Project
	asked    int
	// during is called in the middle of a question.
	during func()
}

var errDown = errors.New("the database is down")

func (p *people) ask() func() {
	p.mu.Lock()
	p.asked++
	if p.during != nil {
		during := p.during
		p.during = nil
		during()
	}
	return p.mu.Unlock
}

func (p *people) Caller(_ context.Context, id uuid.UUID, token string) (store.Caller, error) {
	defer p.ask()()
	c, ok := p.callers[id]
	if !ok {
		return c, store.ErrNotFound
	}
	c.Token = uuid.Nil
	if p.kept[token] {
		c.Token = uuid.New()
	}
	return c, nil
}

func (p *people) Project(_ context.Context, id uuid.UUID) (store.Project, error) {
	defer p.ask()()
	for _, project := range p.projects {
		if project.ID == id {
			return project, nil
		}
	}
	return store.Project{}, store.ErrNotFound
}

func (p *people) ProjectsNamed(_ context.Context, name string) (named []store.Project, err error) {
	defer p.ask()()
	for _, project := range p.projects {
		if project.Name != nil && *project.Name == name {
			named = append(named, project)
		}
	}
	return named, nil
}

func (p *people) questions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *people) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}
