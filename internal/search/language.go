package search

import (
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/pailforge/pail/internal/language"
)

// written is the query for files in a language.
func written(in string) query.Query {
	var some []query.Query
	for _, name := range language.Names(in) {
		if ext, ok := strings.CutPrefix(name, "."); ok {
			some = append(some, term(inExtension, ext))
		} else {
			some = append(some, term(inName, name))
		}
	}
	return bleve.NewDisjunctionQuery(some...)
}
