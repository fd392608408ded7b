package search

import (
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/pailforge/pail/internal/repository"
)

// compile makes the query for the index: what fits e in repositories that the caller may read, and in no others.
func compile(e expr, readable []repository.Readable) query.Query {
	return bleve.NewConjunctionQuery(among(readable), compiler(readable).of(e))
}

// compiler knows the repositories that may be searched.
type compiler []repository.Readable

func (c compiler) of(e expr) query.Query {
	switch e := e.(type) {
	case all:
		// What does not fit is taken from what does.
		b := bleve.NewBooleanQuery()
		for _, part := range e {
			if n, ok := part.(not); ok {
				b.AddMustNot(c.of(n.of))
			} else {
				b.AddMust(c.of(part))
			}
		}
		return b
	case either:
		parts := make([]query.Query, len(e))
		for i, part := range e {
			parts[i] = c.of(part)
		}
		return bleve.NewDisjunctionQuery(parts...)
	case not:
		b := bleve.NewBooleanQuery()
		b.AddMustNot(c.of(e.of))
		return b
	case phrase:
		return bleve.NewDisjunctionQuery(sequence(inContent, e.words), sequence(inPath, e.words))
	case modifier:
		return c.modifier(e)
	}
	return bleve.NewMatchNoneQuery()
}

func (c compiler) modifier(m modifier) query.Query {
	value := strings.ToLower(m.value)
	switch m.name {
	case "repo":
		_, slug, ok := strings.Cut(value, "/")
		if !ok {
			slug = value
		}
		return among(c.only(func(r repository.Readable) bool { return r.Slug == slug }))
	case "project":
		return among(c.only(func(r repository.Readable) bool { return strings.EqualFold(r.ProjectKey, value) }))
	case "path":
		return sequence(inPath, pathWords(m.value))
	case "ext":
		return term(inExtension, strings.TrimPrefix(value, "."))
	case "lang":
		return written(m.value)
	}
	return bleve.NewMatchNoneQuery()
}

func (c compiler) only(fits func(repository.Readable) bool) []repository.Readable {
	return slices.DeleteFunc(slices.Clone(c), func(r repository.Readable) bool { return !fits(r) })
}

// among is what lies in one of these repositories.
func among(repositories []repository.Readable) query.Query {
	if len(repositories) == 0 {
		return bleve.NewMatchNoneQuery()
	}
	terms := make([]query.Query, len(repositories))
	for i, r := range repositories {
		terms[i] = term(inRepository, r.ID)
	}
	return bleve.NewDisjunctionQuery(terms...)
}

// sequence is words that stand one after another in a field.
func sequence(field string, words []string) query.Query {
	if len(words) == 1 {
		return term(field, words[0])
	}
	return bleve.NewPhraseQuery(words, field)
}

// pathWords are the words of a path, folded.
func pathWords(path string) (all []string) {
	words(path, func(start, end int) bool {
		all = append(all, fold(path[start:end]))
		return true
	})
	return all
}

// shown are what of a query is shown where it is found: phrases in contents and paths, and what a modifier says of paths.
// What stands under NOT is not.
func shown(e expr) (phrases, paths [][]string) {
	switch e := e.(type) {
	case all:
		for _, part := range e {
			p, q := shown(part)
			phrases, paths = append(phrases, p...), append(paths, q...)
		}
	case either:
		return shown(all(e))
	case phrase:
		return [][]string{e.words}, nil
	case modifier:
		if e.name == "path" {
			return nil, [][]string{pathWords(e.value)}
		}
	}
	return phrases, paths
}
