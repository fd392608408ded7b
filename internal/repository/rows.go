package repository

import (
	"github.com/pailforge/pail/internal/bbql"
)

// selectRows keeps the rows that the filter q takes, in the order of sort. field gives what a row has in a field.
func selectRows[T any](rows []T, fields bbql.Fields, q, sort string, field func(*T, string) any) ([]T, error) {
	parsed, err := bbql.Parse(q)
	if err != nil {
		return nil, queryError("q", err)
	}
	bound, err := parsed.Bind(fields)
	if err != nil {
		return nil, queryError("q", err)
	}
	order, err := bbql.ParseSort(sort, fields)
	if err != nil {
		return nil, queryError("sort", err)
	}
	kept := rows[:0]
	for i := range rows {
		ok, err := bound.Match(func(name string) any { return field(&rows[i], name) })
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, rows[i])
		}
	}
	err = bbql.Sort(order, kept, func(row T, name string) any { return field(&row, name) })
	return kept, err
}
