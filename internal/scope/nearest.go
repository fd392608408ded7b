package scope

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxShown   = 40 // the longest name that is worth showing whole; the table's longest has 27
	maxGuessed = 64 // a longer name is not compared with the table
)

// shown returns name as it may be printed: whole when it is spelled like a
// scope, else its first 12 characters and its length, as it may be a secret.
func shown(name string) string {
	plain := len(name) <= maxShown
	for i := 0; plain && i < len(name); i++ {
		c := name[i]
		plain = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte(":-_. /", c) >= 0
	}
	if plain {
		return name
	}
	cut := name
	if len(cut) > 12 {
		cut = strings.ToValidUTF8(cut[:12], "")
	}
	return fmt.Sprintf("%s... (%d bytes)", cut, len(name))
}

// nearest returns the scope that was probably meant by name, or 0. It compares
// words without their order, so that "repositories:read" finds
// "read:repository:bitbucket". A name with the word bitbucket was meant for an
// API token.
func nearest(name string) Scope {
	if len(name) > maxGuessed {
		return 0
	}
	asked, api := words(name)
	if len(asked) == 0 {
		return 0
	}
	best, bestCost, bestWords := Scope(0), 0, 0
	for s := Scope(1); s < end; s++ {
		if api && s.Legacy() {
			continue
		}
		known, _ := words(table[s].Name)
		differ := wordsCost(asked, known)
		cost := differ*4 + min(distance(strings.ToLower(name), table[s].Name), 31)
		if best == 0 || cost < bestCost {
			best, bestCost, bestWords = s, cost, differ
		}
	}
	if bestWords > 2+len(name)/4 {
		return 0
	}
	return best
}

// words splits a name into its lower-case words in alphabetical order, without
// plural endings. It leaves out the word bitbucket, which all but a few
// API-token scopes end with, and says whether it was there.
func words(name string) (list []string, bitbucket bool) {
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return strings.ContainsRune(":_. /", r)
	}) {
		if distance(w, "bitbucket") <= 2 {
			bitbucket = true
			continue
		}
		w = strings.ReplaceAll(w, "-", "")
		if stem, ok := strings.CutSuffix(w, "ies"); ok {
			w = stem + "y"
		} else {
			w = strings.TrimSuffix(w, "s")
		}
		list = append(list, w)
	}
	slices.Sort(list)
	return list, bitbucket
}

// wordsCost pairs the words of a with the nearest words of b, each once, and
// returns the letters that differ; words without a partner cost their length.
func wordsCost(a, b []string) int {
	var used [maxGuessed]bool
	cost := 0
	for _, w := range a {
		at, least := -1, len(w)
		for j := 0; j < len(b) && j < len(used); j++ {
			if used[j] {
				continue
			}
			if d := distance(w, b[j]); at < 0 && d <= least || d < least {
				at, least = j, d
			}
		}
		if at >= 0 {
			used[at] = true
		}
		cost += least
	}
	for j, w := range b {
		if !used[j] {
			cost += len(w)
		}
	}
	return cost
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			step := diagonal
			if a[i-1] != b[j-1] {
				step = 1 + min(diagonal, above, row[j-1])
			}
			row[j], diagonal = step, above
		}
	}
	return row[len(b)]
}
