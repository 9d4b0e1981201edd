package main

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestTheAccessLogCanBeOff(t *testing.T) {
	t.Parallel()
	for access, want := range map[bool]int{true: 3, false: 2} {
		out := new(bytes.Buffer)
		var c console
		c.access.Store(access)
		log := c.requestLog(zerolog.New(out))
		log.Info().Msg("request")
		log.Info().Msg("serving")
		log.Error().Msg("request")
		require.Equal(t, want, bytes.Count(out.Bytes(), []byte("\n")))
	}
}

func TestWidthOfTheHelp(t *testing.T) {
	t.Parallel()
	for columns, want := range map[string]int{"": 96, "80": 80, "20": 60, "400": 110, "wide": 96} {
		require.Equal(t, want, helpWidth(-1, columns))
	}
}
