package worker_test

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/modules/scheduler"
	"github.com/ibutsu/ibutsu-go/modules/worker"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/jobs"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/store/dbtest"
)

const patience = 60 * time.Second

// run starts a module on the database and gives what ends it.
func run(t *testing.T, m plugin.Module, database string) (stop func()) {
	t.Helper()
	c := config.Default()
	c.Database.URL = config.Secret(database)
	settings, err := json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, m.Configure(t.Context(), settings))
	ended := make(chan error, 1)
	go func() { ended <- m.Run(context.Background(), func(plugin.Event) {}) }()
	require.Eventually(t, func() bool { return m.Health(t.Context()).OK }, patience, 5*time.Millisecond)
	return func() {
		drain, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, m.Drain(drain))
		require.NoError(t, <-ended)
	}
}

func TestWorkerWorksOnJobsUntilItIsDrained(t *testing.T) {
	t.Parallel()
	database := dbtest.URL(t)
	s, err := store.Open(t.Context(), store.Options{URL: database, MaxConns: 2})
	require.NoError(t, err)
	defer s.Close()
	client, err := jobs.NewClient(s)
	require.NoError(t, err)
	_, err = client.Start(t.Context(), "db.recount_rollups", json.RawMessage(`{}`))
	require.NoError(t, err)

	m := worker.New(worker.Options{Log: io.Discard})
	stop := run(t, m, database)
	require.Eventually(t, func() bool { return m.Stats(t.Context()).Counters["jobs_completed"] == 1 }, patience, 10*time.Millisecond)
	stop()
}

func TestOneOfTwoSchedulersLeads(t *testing.T) {
	t.Parallel()
	database := dbtest.URL(t)
	first, second := scheduler.New(io.Discard), scheduler.New(io.Discard)
	stopFirst := run(t, first, database)
	leads := func(m plugin.Module) bool { return m.Stats(t.Context()).Counters["leads"] == 1 }
	require.Eventually(t, func() bool { return leads(first) }, patience, 10*time.Millisecond)
	stopSecond := run(t, second, database)
	require.False(t, leads(second))
	stopFirst()
	require.Eventually(t, func() bool { return leads(second) }, patience, 10*time.Millisecond)
	stopSecond()
}

func TestModuleDoesNotWorkOnADatabaseWithoutItsTables(t *testing.T) {
	t.Parallel()
	m := worker.New(worker.Options{Log: io.Discard})
	c := config.Default()
	c.Database.URL = config.Secret(dbtest.Empty(t))
	settings, err := json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, m.Configure(t.Context(), settings))
	ended := make(chan error, 1)
	go func() { ended <- m.Run(context.Background(), func(plugin.Event) {}) }()
	require.Eventually(t, func() bool { return m.Health(t.Context()).Detail != "starting" }, patience, 5*time.Millisecond)
	require.Contains(t, m.Health(t.Context()).Detail, "ibutsu migrate")
	require.NoError(t, m.Drain(t.Context()))
	require.NoError(t, <-ended)
}
