package scope

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
)

// Set is a set of scopes. It is a plain value: it compares with ==, copies by
// assignment, and its zero value is the empty set.
type Set struct {
	words [2]uint64
}

// NewSet returns the set of the given scopes. Values that are not scopes are
// left out.
func NewSet(scopes ...Scope) Set {
	var s Set
	for _, sc := range scopes {
		s = s.Add(sc)
	}
	return s
}

// ParseSet returns the set of the named scopes; a name may occur twice. The
// error is the [*UnknownError] of the first unknown name.
func ParseSet(names []string) (Set, error) {
	var s Set
	for _, name := range names {
		sc, err := Parse(name)
		if err != nil {
			return Set{}, err
		}
		s = s.Add(sc)
	}
	return s, nil
}

// Has reports whether the set holds sc itself; see [Set.Expand] for what a
// grant permits beyond its own names.
func (s Set) Has(sc Scope) bool {
	return sc.Valid() && s.words[sc>>6]&(1<<(sc&63)) != 0
}

// Contains reports whether the set holds every scope of t.
func (s Set) Contains(t Set) bool { return t.Without(s).Empty() }

// Add returns the set with sc in it.
func (s Set) Add(sc Scope) Set {
	if sc.Valid() {
		s.words[sc>>6] |= 1 << (sc & 63)
	}
	return s
}

// Union returns the scopes that are in either set.
func (s Set) Union(t Set) Set {
	return Set{[2]uint64{s.words[0] | t.words[0], s.words[1] | t.words[1]}}
}

// Without returns the scopes of s that are not in t.
func (s Set) Without(t Set) Set {
	return Set{[2]uint64{s.words[0] &^ t.words[0], s.words[1] &^ t.words[1]}}
}

// Len returns the number of scopes in the set.
func (s Set) Len() int {
	return bits.OnesCount64(s.words[0]) + bits.OnesCount64(s.words[1])
}

// Empty reports whether the set holds no scope.
func (s Set) Empty() bool { return s == Set{} }

// Scopes returns the scopes in table order.
func (s Set) Scopes() []Scope {
	out := make([]Scope, 0, s.Len())
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			out = append(out, Scope(w<<6+bits.TrailingZeros64(word)))
		}
	}
	return out
}

// Names returns the scopes' names in table order. It is never nil.
func (s Set) Names() []string {
	scopes := s.Scopes()
	out := make([]string, len(scopes))
	for i, sc := range scopes {
		out[i] = sc.String()
	}
	return out
}

// String returns the names in table order with ", " between them, the form of
// the X-OAuth-Scopes header.
func (s Set) String() string { return strings.Join(s.Names(), ", ") }

// Expand returns what a grant of s really permits: s, what its legacy scopes
// imply, and wikis either way: wiki:bitbucket grants read, write and delete of
// wikis, and these three together grant wiki:bitbucket.
func (s Set) Expand() Set {
	out := s
	for w, word := range s.words {
		for word &= implying.words[w]; word != 0; word &= word - 1 {
			out = out.Union(table[w<<6+bits.TrailingZeros64(word)].Implies)
		}
	}
	if out.Contains(wikis) {
		out = out.Add(AllWiki)
	}
	return out
}

var (
	wikis = NewSet(ReadWiki, WriteWiki, DeleteWiki)

	// implying holds the scopes that grant others, so that Expand looks at
	// nothing else. The table's Implies are closed: no scope there implies one
	// that implies a third which it does not list itself.
	implying = func() Set {
		var s Set
		for sc := Scope(1); sc < end; sc++ {
			if !table[sc].Implies.Empty() {
				s = s.Add(sc)
			}
		}
		return s
	}()
)

// MarshalJSON writes the set as an array of names in table order.
func (s Set) MarshalJSON() ([]byte, error) { return json.Marshal(s.Names()) }

// UnmarshalJSON reads an array of names; null is the empty set. The error is
// an [*UnknownError] when a name is no scope.
func (s *Set) UnmarshalJSON(data []byte) error {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return fmt.Errorf("scopes are an array of names: %w", err)
	}
	parsed, err := ParseSet(names)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
