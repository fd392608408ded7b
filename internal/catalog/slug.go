package catalog

import (
	"strings"
	"sync"
)

var slugs = strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-", "_", "-")

// Slug is the operation's key as one segment of a path: GET /workspaces/{workspace} is get-workspaces-workspace. No two
// operations have the same.
func (o *Operation) Slug() string {
	return strings.ToLower(o.Method) + slugs.Replace(o.Template)
}

// DocPath is the path of the operation's page in the reference of every Pail server.
func (o *Operation) DocPath() string { return "/docs/operations/" + o.Slug() }

var bySlug = sync.OnceValue(func() map[string]*Operation {
	m := make(map[string]*Operation, len(byKey))
	for _, op := range byKey {
		m[op.Slug()] = op
	}
	return m
})

// LookupSlug finds an operation by its slug, also one of Pail's own.
func LookupSlug(slug string) (*Operation, bool) {
	op, ok := bySlug()[slug]
	return op, ok
}
