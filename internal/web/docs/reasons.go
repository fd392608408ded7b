package docs

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct{ URLs rest.URLs }

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	page.Style(s)
	page.Open(s, "GET /docs", func(*page.Request) (page.Answer, error) { return page.Redirect("/docs/errors"), nil })
	page.Open(s, "GET /docs/errors", p.listReasons)
	page.Open(s, "GET /docs/errors/{code}", p.showReason)
	page.Open(s, "GET /docs/reasons", func(*page.Request) (page.Answer, error) { return page.Moved("/docs/errors"), nil })
	page.Open(s, "GET /docs/reasons/{code}", func(r *page.Request) (page.Answer, error) {
		return page.Moved("/docs/errors/" + url.PathEscape(r.PathValue("code"))), nil
	})
}

// section is families of reasons that are met at the same point of a request's way.
type section struct {
	ID, Title, Intro string
	Families         []string
	Reasons          []reason.Reason // in the order of package reason
}

// sections are the parts of the list of reasons, in the order of a request's way. Every family stands in one.
var sections = fill([]section{
	{ID: "request", Title: "The request cannot be read", Intro: "It was refused before anybody looked at the credential.",
		Families: []string{"header", "request", "tls"}},
	{ID: "credential", Title: "The credential is not accepted", Intro: "Wrong kind, wrong user, or not known here.",
		Families: []string{"credential", "app_password", "account", "login", "setup_link"}},
	{ID: "secret", Title: "The token is damaged or over", Intro: "Something happened to it on its way, or its time has ended.",
		Families: []string{"token"}},
	{ID: "permission", Title: "The caller may not do this", Intro: "The credential is good, but does not reach so far.",
		Families: []string{"scope", "privilege", "csrf", "rate"}},
	{ID: "resource", Title: "It is not there, or in no state for this", Intro: "What the request speaks of is missing, not for this caller to see, or in another state.",
		Families: []string{"resource", "workspace", "project", "repository", "user", "group", "revision", "conflict"}},
	{ID: "path", Title: "The path names no operation", Intro: "The address or the method is not one that the API has.",
		Families: []string{"path", "method", "operation"}},
	{ID: "input", Title: "The input cannot be used", Intro: "Something in the body, the query or a header asks for what cannot be done.",
		Families: []string{"body", "value", "query", "page", "fields", "media_type"}},
	{ID: "server", Title: "The server cannot", Intro: "Whatever the request says.",
		Families: []string{"server"}},
	{ID: "outside", Title: "It never got here, or it is no matter of the token", Intro: "No server answers with these. The doctor finds them in what was typed, configured or seen.",
		Families: []string{"host", "network", "service", "url", "client", "clock", "oauth", "ssh", "policy", "git"}},
})

func fill(all []section) []section {
	for i := range all {
		for _, r := range reason.All() {
			if slices.Contains(all[i].Families, r.Code.Family()) {
				all[i].Reasons = append(all[i].Reasons, r)
			}
		}
	}
	return all
}

func sectionOf(c reason.Code) section {
	i := slices.IndexFunc(sections, func(s section) bool { return slices.Contains(s.Families, c.Family()) })
	if i < 0 {
		return section{}
	}
	return sections[i]
}

// listReasons serves all reasons: a page by sections, or JSON.
func (p *Pages) listReasons(r *page.Request) (page.Answer, error) {
	if r.WantsJSON() {
		all := reason.All()
		list := struct {
			Values []reasonJSON `json:"values"`
			Size   int          `json:"size"`
		}{make([]reasonJSON, len(all)), len(all)}
		for i, one := range all {
			list.Values[i] = p.reasonJSON(one)
		}
		return documentJSON(list)
	}
	a, err := r.Render(templates, page.View{Template: "reasons", Title: "Errors", Section: "docs", Narrow: true, Content: sections})
	a.Cache, a.ByAccept = cache(r), true
	return a, err
}

// reasonPage is what the page of one reason shows.
type reasonPage struct {
	reason.Reason
	Section section
	Steps   []string
	Related []reason.Reason
}

// showReason serves one reason: a page, or JSON.
func (p *Pages) showReason(r *page.Request) (page.Answer, error) {
	found, ok := reason.Lookup(reason.Code(r.PathValue("code")))
	if !ok {
		return page.Answer{}, page.Instead(rest.Refuse(reason.ResourceNotFound, "No reason has this code."),
			"Look it up among all reasons: `"+p.URLs.Web("docs", "errors").Href+"`.",
			"Copy the code as it stands in the answer, in `error.data.reason` or in the header `X-Pail-Reason`: `token.expired`, for example.")
	}
	if r.WantsJSON() {
		return documentJSON(p.reasonJSON(found))
	}
	content := reasonPage{Reason: found, Section: sectionOf(found.Code), Steps: found.Steps(p.URLs.Base)}
	for _, c := range found.See {
		content.Related = append(content.Related, reason.Of(c))
	}
	a, err := r.Render(templates, page.View{Template: "reason", Title: found.Title, Section: "docs", Narrow: true, Content: content})
	a.Cache, a.ByAccept = cache(r), true
	return a, err
}

// reasonJSON is a reason as JSON. What can be filled in by a single case only stays in braces in message.
type reasonJSON struct {
	Code    reason.Code `json:"code"`
	Family  string      `json:"family"`
	Title   string      `json:"title"`
	Status  int         `json:"status,omitempty"`
	Message string      `json:"message,omitempty"`
	Detail  string      `json:"detail,omitempty"`
	Why     string      `json:"why"`
	Fix     []string    `json:"fix"`
	See     []rest.Link `json:"see"`
	Doc     string      `json:"doc"`
}

func (p *Pages) reasonJSON(r reason.Reason) reasonJSON {
	j := reasonJSON{Code: r.Code, Family: r.Code.Family(), Title: r.Title, Status: r.Status, Message: r.Message, Detail: r.Detail,
		Why: r.Why, Fix: r.Steps(p.URLs.Base), See: []rest.Link{}, Doc: p.URLs.Base + r.Code.DocPath()}
	for _, c := range r.See {
		j.See = append(j.See, rest.Link{Href: p.URLs.Base + c.DocPath(), Name: string(c)})
	}
	return j
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
