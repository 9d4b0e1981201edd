package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// BenchmarkAuthenticate is what each request of a busy client costs.
func BenchmarkAuthenticate(b *testing.B) {
	user := uuid.New()
	tokens := tokensAt(b, time.Now)
	d := auth.NewDirectory(&people{callers: map[uuid.UUID]store.Caller{user: {User: store.User{ID: user, IsActive: true}}}}, tokens, time.Now)
	d.Listening().Live(true)
	token, err := tokens.Login(user)
	require.NoError(b, err)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := d.Authenticate(context.Background(), token); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkReadToken is what it costs when nothing is remembered, without the database.
func BenchmarkReadToken(b *testing.B) {
	tokens := tokensAt(b, time.Now)
	token, err := tokens.Login(uuid.New())
	require.NoError(b, err)
	for b.Loop() {
		if _, err := tokens.Read(token); err != nil {
			b.Error(err)
		}
	}
}
