package page

import (
	"net/url"
	"strconv"
)

// PageLength is how many rows a list shows at most.
const PageLength = 50

// maxPage bounds how far a list is followed by numbers.
const maxPage = 10000

// Pager leads through a list in parts.
type Pager struct{ Previous, Next string }

// Search is the field above a list that narrows it, by the parameter q of the query.
type Search struct {
	Action string // path of the list
	Label  string
	Value  string // what is searched for
}

// Search is the field above the list of this page.
func (r *Request) Search(label string) Search {
	return Search{Action: r.URL.Path, Label: label, Value: r.URL.Query().Get("q")}
}

// Page is the number of the part of a list that is asked for, from 1.
func (r *Request) Page() int {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 || n > maxPage {
		return 1
	}
	return n
}

// Pager is the way to the parts beside this one. more says that there is one behind it.
func (r *Request) Pager(more bool) Pager {
	var p Pager
	n := r.Page()
	if n > 1 {
		p.Previous = r.With("page", strconv.Itoa(n-1))
	}
	if more && n < maxPage {
		p.Next = r.With("page", strconv.Itoa(n+1))
	}
	return p
}

// With is the address of this page with another value of one parameter of the query; "" takes it out.
func (r *Request) With(name, value string) string {
	q := r.URL.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: q.Encode()}
	return u.String()
}
