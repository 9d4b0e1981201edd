package insight

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of an excerpt, in bytes of the text.
const (
	excerptSize = 240
	excerptLead = 60   // of it at most before the first hit
	mostHits    = 1000 // that are looked at for the best place
)

// hit is where a term stands in a text.
type hit struct{ term, from, to int }

// excerpt cuts the part out of a text that has the most of the terms, and tells where in it they are, in UTF-16 code units.
func excerpt(text string, terms []term) (part string, highlights [][2]int) {
	hits := find(text, terms)
	from, to := window(text, hits)
	var cut strings.Builder
	units := 0
	write := func(s string) {
		cut.WriteString(s)
		for _, r := range s {
			units += utf16.RuneLen(r)
		}
	}
	if from > 0 {
		write("…")
	}
	highlights = [][2]int{}
	at := from
	for _, h := range hits {
		if h.from < at || h.to > to {
			continue // outside, or within the one before
		}
		write(text[at:h.from])
		began := units
		write(text[h.from:h.to])
		highlights = append(highlights, [2]int{began, units})
		at = h.to
	}
	write(text[at:to])
	if to < len(text) {
		write("…")
	}
	return cut.String(), highlights
}

// find returns where the terms stand, in the order of the text.
func find(text string, terms []term) []hit {
	words := wordsOf(text)
	lower := make([]string, len(words))
	for n, w := range words {
		lower[n] = strings.ToLower(text[w[0]:w[1]])
	}
	var hits []hit
	for n := range words {
		for i, t := range terms {
			if t.begins(lower[n:]) {
				hits = append(hits, hit{i, words[n][0], words[n+len(t.words)-1][1]})
			}
		}
		if len(hits) >= mostHits {
			break
		}
	}
	return hits
}

// begins says whether the words begin with the term.
func (t term) begins(words []string) bool {
	last := len(t.words) - 1
	if last < 0 || len(words) <= last {
		return false
	}
	for n, w := range t.words[:last] {
		if words[n] != w {
			return false
		}
	}
	return words[last] == t.words[last] || t.open && strings.HasPrefix(words[last], t.words[last])
}

// window chooses the part of the text to show: where most of the terms are near each other, from the beginning of the line if that is
// near; without any hit the beginning.
func window(text string, hits []hit) (from, to int) {
	best := 0
	for n, h := range hits {
		near := map[int]bool{}
		for _, other := range hits[n:] {
			if other.to > h.from+excerptSize-excerptLead {
				break
			}
			near[other.term] = true
		}
		if len(near) > best {
			best, from = len(near), h.from
		}
	}
	lead := text[max(0, from-excerptLead):from]
	if line := strings.LastIndexByte(lead, '\n'); line >= 0 {
		from -= len(lead) - line - 1
	} else {
		from -= len(lead)
	}
	to = min(len(text), from+excerptSize)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return from, to
}
