package rest

import (
	"context"
	"errors"
	"strconv"

	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
)

// Listing is a list in the store: its rows, narrowed by q, ordered by sort, cut to a page.
type Listing[T any] struct {
	Columns string
	From    string // FROM … WHERE …, with the placeholders of Args
	Args    []any
	Order   string // the last keys of the order; together they are unique
	Fields  bbql.Fields
	Scan    func(func(...any) error) (T, error)
	CountTo int // rows beyond so many are not counted; 0: all are
}

// Page runs the list for a request, and gives the size of the whole list too: CountTo+1 where it has more than CountTo rows. A *Error
// says what is wrong with page, pagelen, q or sort.
func (l Listing[T]) Page(ctx context.Context, db database.Queryer, r *Request) (Paging, []T, int, error) {
	p, err := r.Paging(DefaultPagelen)
	if err != nil {
		return p, nil, 0, err
	}
	filter, err := bbql.Compile(r.Query().Get("q"), l.Fields, len(l.Args)+1)
	if err != nil {
		return p, nil, 0, QueryError(err)
	}
	order, err := bbql.CompileSort(r.Query().Get("sort"), l.Fields)
	if err != nil {
		return p, nil, 0, QueryError(err)
	}
	if order != "" {
		order += ", "
	}
	from, args := l.From+" AND "+filter.SQL, append(l.Args[:len(l.Args):len(l.Args)], filter.Args...)
	var size int
	count := `SELECT COUNT(*)` + from
	if l.CountTo > 0 {
		count = `SELECT COUNT(*) FROM (SELECT 1` + from + ` LIMIT ` + strconv.Itoa(l.CountTo+1) + `) counted`
	}
	if err := db.Row(ctx, count, args...).Scan(&size); err != nil {
		return p, nil, 0, err
	}
	n := len(args)
	rows, err := database.Collect(ctx, db, l.Scan, `SELECT `+l.Columns+from+` ORDER BY `+order+l.Order+
		` LIMIT $`+strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, p.Pagelen, p.Offset())...)
	return p, rows, size, err
}

// Answer is the page of the list that a request asks for, each row as render writes it.
func (l Listing[T]) Answer(ctx context.Context, db database.Queryer, r *Request, render func(*T) any) (any, error) {
	p, rows, size, err := l.Page(ctx, db, r)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(rows))
	for i := range rows {
		values[i] = render(&rows[i])
	}
	return Counted(r, p, values, size), nil
}

// QueryError is the answer (400) to a query or an order that cannot be taken; other errors pass.
func QueryError(err error) error {
	bad, ok := errors.AsType[*bbql.Error](err)
	if !ok {
		return err
	}
	e := Refuse(reason.QueryInvalid, bad.Error())
	if bad.Known != nil {
		e.With("fields", bad.Known)
	}
	return e
}
