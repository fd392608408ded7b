package rest

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Paging is the part of a list that was asked for.
type Paging struct {
	Page    int // from 1
	Pagelen int
}

// Offset is the number of items before the page.
func (p Paging) Offset() int { return (p.Page - 1) * p.Pagelen }

// The default and the greatest length of a page.
const (
	DefaultPagelen = 10
	MaxPagelen     = 100
)

// maxPage keeps the offset far from overflow; no list is that long.
const maxPage = 10_000_000

// Paging reads page and pagelen; def is the length when none was asked for. A value that is no number or is out of
// range is refused with 400.
func (r *Request) Paging(def int) (Paging, error) {
	p := Paging{Page: 1, Pagelen: def}
	q := r.Query()
	if s := q.Get("pagelen"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > MaxPagelen {
			return p, Refusef(reason.PageInvalid, "pagelen is a number from 1 to %d.", MaxPagelen)
		}
		p.Pagelen = n
	}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxPage {
			return p, Refuse(reason.PageInvalid, "page is a number from 1. For lists without a size follow the next link as it is.").WithMessage("Invalid page")
		}
		p.Page = n
	}
	return p, nil
}

// List is one page of values.
type List struct {
	Values   any    `json:"values"`
	Pagelen  int    `json:"pagelen"`
	Size     *int   `json:"size,omitempty"`
	Page     int    `json:"page,omitempty"`
	Next     string `json:"next,omitempty"`
	Previous string `json:"previous,omitempty"`
}

// Counted is a page of a list whose whole size is known.
func Counted[T any](r *Request, p Paging, values []T, size int) List {
	l := uncounted(r, p, values, p.Offset()+len(values) < size, nil)
	l.Size = &size
	return l
}

// Uncounted is a page of a list that is too expensive to count: it has no size. cursor is put into the links to the
// neighbouring pages, so that they go on from the same state.
func Uncounted[T any](r *Request, p Paging, values []T, more bool, cursor url.Values) List {
	return uncounted(r, p, values, more, cursor)
}

func uncounted[T any](r *Request, p Paging, values []T, more bool, cursor url.Values) List {
	if values == nil {
		values = []T{} // an empty list, never null
	}
	l := List{Values: values, Pagelen: p.Pagelen, Page: p.Page}
	if more {
		l.Next = r.pageURL(p.Page+1, cursor)
	}
	if p.Page > 1 {
		l.Previous = r.pageURL(p.Page-1, cursor)
	}
	return l
}

// At makes the links to the neighbouring pages lead to another address of the same list, with these parameters in place of
// the request's: one that a push does not move. A parameter without values is left out.
func (l List) At(place Link, pinned url.Values) List {
	for _, link := range []*string{&l.Next, &l.Previous} {
		_, query, ok := strings.Cut(*link, "?")
		if !ok {
			continue
		}
		values, _ := url.ParseQuery(query) // pageURL wrote it
		for name, v := range pinned {
			values[name] = v
		}
		*link = place.Href + "?" + values.Encode()
	}
	return l
}

// Slice is the page of a list that is at hand as a whole.
func Slice[T any](r *Request, p Paging, all []T) List {
	from := min(p.Offset(), len(all))
	to := min(from+p.Pagelen, len(all))
	return Counted(r, p, all[from:to], len(all))
}

func (r *Request) pageURL(page int, cursor url.Values) string {
	q := url.Values{}
	for k, v := range r.Query() {
		q[k] = v
	}
	for k, v := range cursor {
		q[k] = v
	}
	q.Set("page", strconv.Itoa(page))
	return r.URLs.Base + r.HTTP.URL.EscapedPath() + "?" + q.Encode()
}
