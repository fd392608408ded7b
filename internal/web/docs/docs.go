package docs

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	URLs       rest.URLs
	Operations []access.Operation // that are served
	// Try tells what this server would decide about a request; see server.Server.Try.
	Try func(ctx context.Context, method, uri string, authorization []string) (access.Trial, error)
	// Guesses slows down an address that sends secrets which nobody has.
	Guesses interface {
		MayGuess(address string) error
		Guessed(address string)
	}

	served    map[string]access.Operation // by key
	reference []chapter
	trying    chan struct{} // one place for each request that is looked at
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	p.served, p.trying = map[string]access.Operation{}, make(chan struct{}, maxTrying)
	for _, o := range p.Operations {
		p.served[o.Key()] = o
	}
	p.reference = p.chapters()
	page.Style(s)
	page.Open(s, "GET /docs", p.front)
	page.Open(s, "GET /docs/errors", p.listReasons)
	page.Open(s, "GET /docs/errors/{code}", p.showReason)
	page.Open(s, "GET /docs/reasons", func(*page.Request) (page.Answer, error) { return page.Moved("/docs/errors"), nil })
	page.Open(s, "GET /docs/reasons/{code}", func(r *page.Request) (page.Answer, error) {
		return page.Moved("/docs/errors/" + url.PathEscape(r.PathValue("code"))), nil
	})
	page.Open(s, "GET /docs/operations", p.listOperations)
	page.Open(s, "GET /docs/operations/{slug}", p.showOperation)
	page.Open(s, "GET /docs/try", p.askTry)
	page.Open(s, "POST /docs/try", p.tryRequest)
}

// tabs are the parts of the documentation; at is the current one's path.
func tabs(at string) []page.Link {
	all := []page.Link{{Name: "Errors", Href: "/docs/errors"}, {Name: "Operations", Href: "/docs/operations"}, {Name: "Try it", Href: "/docs/try"}}
	for i := range all {
		all[i].Current = all[i].Href == at
	}
	return all
}

// front is the way in.
func (p *Pages) front(r *page.Request) (page.Answer, error) {
	a, err := r.Render(templates, page.View{Template: "docs", Title: "Docs", Section: "docs", Content: struct{ Served int }{len(p.Operations)}})
	a.Cache = cache(r)
	return a, err
}

// maxQuery is the longest search that is looked at, in bytes.
const maxQuery = 200

// query is what is searched for.
func query(r *page.Request) string {
	q := strings.ToValidUTF8(strings.TrimSpace(r.URL.Query().Get("q")), "")
	return strings.ToValidUTF8(q[:min(len(q), maxQuery)], "")
}

// holds tells whether every word of a search is in one of the texts, in any case: as the script searches.
func holds(query string, texts ...string) bool {
	if query == "" {
		return true
	}
	all := strings.ToLower(strings.Join(texts, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// documentJSON is documentation as JSON.
func documentJSON(value any) (page.Answer, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return page.Answer{ContentType: "application/json; charset=utf-8", Cache: page.Hour, ByAccept: true, Body: out.Bytes()}, err
}

// cache is how long a page of the documentation may be kept: it shows who is signed in, so only for those who are not,
// and it is asked for again.
func cache(r *page.Request) string {
	if r.Self != nil {
		return page.Never
	}
	return page.Revalidate
}
