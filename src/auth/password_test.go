package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/ibutsu/ibutsu-go/src/auth"
)

func passwords(t testing.TB) *auth.Passwords {
	t.Helper()
	p, err := auth.NewPasswords(4)
	require.NoError(t, err)
	return p
}

func TestPasswordOfItsHash(t *testing.T) {
	t.Parallel()
	p, ctx := passwords(t), context.Background()
	hash, err := p.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.Regexp(t, `^\$2b\$04\$.{53}$`, hash)
	for prefix := range strings.SplitSeq("2a 2b 2y", " ") {
		stored := "$" + prefix + hash[3:]
		right, err := p.Verify(ctx, &stored, "correct horse")
		require.NoError(t, err)
		require.True(t, right, prefix)
		right, err = p.Verify(ctx, &stored, "correct horsf")
		require.NoError(t, err)
		require.False(t, right, prefix)
	}
}

func TestHashOfTheOriginal(t *testing.T) {
	t.Parallel()
	// Made by Python's bcrypt for admin@example.com of the fixture database.
	hash := fixtureHash(t, "admin@example.com")
	right, err := passwords(t).Verify(context.Background(), &hash, "admin-fixture-password")
	require.NoError(t, err)
	require.True(t, right)
}

func TestOnlySeventyTwoBytesOfAnOldPasswordCount(t *testing.T) {
	t.Parallel()
	p, ctx := passwords(t), context.Background()
	long := strings.Repeat("ü", 50) // 100 bytes
	old, err := bcrypt.GenerateFromPassword([]byte(long)[:72], 4)
	require.NoError(t, err)
	stored := string(old)
	for password, want := range map[string]bool{
		long: true, long[:72]: true, long[:72] + "other": true, long[:71]: false, "x" + long: false,
	} {
		right, err := p.Verify(ctx, &stored, password)
		require.NoError(t, err)
		require.Equal(t, want, right, password)
	}
	_, err = p.Hash(ctx, long[:73])
	require.ErrorIs(t, err, auth.ErrPasswordTooLong)
	_, err = p.Hash(ctx, long[:72])
	require.NoError(t, err)
	_, err = p.Hash(ctx, "")
	require.ErrorIs(t, err, auth.ErrPasswordEmpty)
}

func TestAccountWithoutALocalPasswordHasNone(t *testing.T) {
	t.Parallel()
	p, ctx := passwords(t), context.Background()
	for _, stored := range []string{"", "12345", "1f3a-keycloak-id", "$2b$04$short", "$1$md5$" + strings.Repeat("u", 53), "$2b$04$" + strings.Repeat("u", 53)} {
		for _, password := range []string{"", stored, "12345"} {
			right, err := p.Verify(ctx, &stored, password)
			require.NoError(t, err)
			require.False(t, right, "%q %q", stored, password)
		}
	}
	right, err := p.Verify(ctx, nil, "")
	require.NoError(t, err)
	require.False(t, right)
}

// TestNobodyIsNotFoundOutByTheTime: a check against no hash has to do the work of one against a hash.
func TestNobodyIsNotFoundOutByTheTime(t *testing.T) {
	t.Parallel()
	p, err := auth.NewPasswords(10)
	require.NoError(t, err)
	hash, err := p.Hash(context.Background(), "secret")
	require.NoError(t, err)
	fastest := func(stored *string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			_, err := p.Verify(context.Background(), stored, "wrong")
			require.NoError(t, err)
			best = min(best, time.Since(start))
		}
		return best
	}
	known := fastest(&hash)
	for _, stored := range []*string{nil, new("8a7f-provider-id")} {
		require.Greater(t, fastest(stored), known/3)
	}
}

func TestCostIsChecked(t *testing.T) {
	t.Parallel()
	for _, cost := range []int{3, 32} {
		_, err := auth.NewPasswords(cost)
		require.Error(t, err, cost)
	}
}

func TestFloodOfSignInsIsTurnedAway(t *testing.T) {
	t.Parallel()
	p, err := auth.NewPasswords(12)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	results := make(chan error, 200)
	for range cap(results) {
		go func() {
			_, err := p.Verify(ctx, nil, "x")
			results <- err
		}()
	}
	require.ErrorIs(t, <-results, auth.ErrBusy, "the first to be answered are those for whom there is no room")
	cancel()
	for range cap(results) - 1 {
		<-results
	}
}
