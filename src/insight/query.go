package insight

import (
	"errors"
	"strings"
	"unicode"
)

// ErrNoWord means that a text has neither a letter nor a digit, so that there is nothing to look for.
var ErrNoWord = errors.New("it has no letter or digit")

// term is a part of a search: what stands between blanks, or between double quotes.
type term struct {
	text  string   // as it was written
	words []string // its words in lower case, which stand next to each other where it is found
	open  bool     // the last word may go on where it is found
}

// openFrom is how many letters a word has that longer words may begin with: shorter ones begin too many.
const openFrom = 3

// readTerms takes a text apart. A quote that is never closed reaches to the end, as while somebody types.
func readTerms(text string) ([]term, error) {
	var terms []term
	found := false
	for n, part := range strings.Split(text, `"`) {
		quoted := n%2 == 1
		pieces := []string{strings.TrimSpace(part)}
		if !quoted {
			pieces = strings.Fields(part)
		}
		for _, piece := range pieces {
			if piece == "" {
				continue
			}
			t := term{text: piece}
			for _, w := range wordsOf(piece) {
				t.words = append(t.words, strings.ToLower(piece[w[0]:w[1]]))
			}
			if n := len(t.words); n > 0 {
				found = true
				t.open = !quoted && len([]rune(t.words[n-1])) >= openFrom
			}
			terms = append(terms, t)
		}
	}
	if !found {
		return nil, ErrNoWord
	}
	return terms, nil
}

// wordsOf returns where each word of a text begins and ends. ibutsu_words() tells words apart in the same way: by all of ASCII that
// is neither a letter nor a digit, and by whatever else is no part of a word in any script.
func wordsOf(text string) [][2]int {
	var words [][2]int
	from := -1
	for at, r := range text {
		in := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		switch {
		case in && from < 0:
			from = at
		case !in && from >= 0:
			words = append(words, [2]int{from, at})
			from = -1
		}
	}
	if from >= 0 {
		words = append(words, [2]int{from, len(text)})
	}
	return words
}

// tsquery writes terms for PostgreSQL's to_tsquery. Words consist of letters and digits, so nothing in them has to be quoted.
func tsquery(terms []term) string {
	var all []string
	for _, t := range terms {
		var words []string
		for _, w := range t.words {
			words = append(words, "'"+w+"'")
		}
		if len(words) == 0 {
			continue
		}
		phrase := strings.Join(words, " <-> ")
		if t.open {
			phrase += ":*"
		}
		all = append(all, phrase)
	}
	return strings.Join(all, " & ")
}

// patterns writes terms for ILIKE ALL: each has to be a part of what is found.
func patterns(terms []term) []string {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	all := make([]string, len(terms))
	for n, t := range terms {
		all[n] = "%" + escape.Replace(t.text) + "%"
	}
	return all
}
