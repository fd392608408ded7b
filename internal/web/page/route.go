package page

import (
	"net/http"
	"slices"
	"strings"
)

// routes finds the page for a path. Paths are told apart from left to right: a literal first segment goes before a
// workspace of any name, and a literal second one before a repository of any name. Behind these, http.ServeMux decides.
type routes struct {
	all [4]*http.ServeMux
	at  map[string]*route // by path
}

// route is one path and what serves its methods.
type route struct {
	path    string
	mux     *http.ServeMux
	methods map[string]http.HandlerFunc
}

// allowed lists the methods in the form of the header Allow.
func (r *route) allowed() []string {
	all := []string{}
	for name := range r.methods {
		all = append(all, name)
		if name == http.MethodGet {
			all = append(all, http.MethodHead)
		}
	}
	slices.Sort(all)
	return all
}

func (*routes) split(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		panic("a page's pattern is METHOD /path, not " + pattern)
	}
	return method, path
}

// rank is 0 to 3: whether the first and whether the second segment of a pattern are parameters.
func rank(path string) (n int) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if strings.HasPrefix(segments[0], "{") && segments[0] != "{$}" {
		n += 2
	}
	if len(segments) > 1 && strings.HasPrefix(segments[1], "{") && segments[1] != "{$}" {
		n++
	}
	return n
}

func (t *routes) add(method, path string, h http.HandlerFunc) {
	if t.at == nil {
		t.at = map[string]*route{}
	}
	r := t.at[path]
	if r == nil {
		n := rank(path)
		if t.all[n] == nil {
			t.all[n] = http.NewServeMux()
		}
		r = &route{path: path, mux: t.all[n], methods: map[string]http.HandlerFunc{}}
		t.at[path] = r
		r.mux.HandleFunc(path, func(w http.ResponseWriter, hr *http.Request) {
			method := hr.Method
			if method == http.MethodHead {
				method = http.MethodGet
			}
			r.methods[method](w, hr)
		})
	}
	if r.methods[method] != nil {
		panic("two pages for " + method + " " + path)
	}
	r.methods[method] = h
}

// find is the route for a request's path. literal leaves out those that begin with a parameter.
func (t *routes) find(hr *http.Request, literal bool) (*route, bool) {
	for n, mux := range t.all {
		if mux == nil || literal && n >= 2 {
			continue
		}
		if _, pattern := mux.Handler(hr); pattern != "" {
			if r := t.at[pattern]; r != nil {
				return r, true
			}
		}
	}
	return nil, false
}

func (t *routes) patterns() (all []string) {
	for path, r := range t.at {
		for method := range r.methods {
			all = append(all, method+" "+path)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		_, x, _ := strings.Cut(a, " ")
		_, y, _ := strings.Cut(b, " ")
		if x != y {
			return strings.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
	return all
}
