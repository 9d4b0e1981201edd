package insight

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestAnExcerptShowsWhereMostTermsAre(t *testing.T) {
	t.Parallel()
	terms, err := readTerms(`disk "no space"`)
	require.NoError(t, err)
	text := "disk\n" + strings.Repeat("näh ", 200) + "\nwrote to disk: no space left\n" + strings.Repeat("näh ", 200)
	part, highlights := excerpt(text, terms)
	require.True(t, strings.HasPrefix(part, "…wrote to disk: no space left\n"), part)
	require.True(t, strings.HasSuffix(part, "…"), part)
	require.Equal(t, [][2]int{{10, 14}, {16, 24}}, highlights)
}

func FuzzSearchText(f *testing.F) {
	f.Add(`timeout "went wrong`, "E  TimeoutError: went wrong\n")
	f.Add(`a.b::c[ü] '' \`, "😀 A.B::C[Ü] İ ǅ ß")
	f.Fuzz(func(t *testing.T, q, text string) {
		if !utf8.ValidString(q) || !utf8.ValidString(text) {
			return
		}
		terms, err := readTerms(q)
		if err != nil {
			if len(wordsOf(q)) > 0 {
				t.Fatalf("%q has words", q)
			}
			return
		}
		if query := tsquery(terms); query == "" || strings.Count(query, "'")%2 != 0 {
			t.Fatalf("%q makes %q", q, query)
		}
		part, highlights := excerpt(text, terms)
		if !utf8.ValidString(part) {
			t.Fatalf("cut %q within a character", text)
		}
		units, last := len(utf16.Encode([]rune(part))), 0
		for _, h := range highlights {
			if h[0] < last || h[1] <= h[0] || h[1] > units {
				t.Fatalf("highlights %v of %q", highlights, part)
			}
			last = h[1]
		}
	})
}
