package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

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
func (p *Pages) listReasons(_ http.ResponseWriter, r *http.Request) (answer, error) {
	if wantsJSON(r.Header.Values("Accept")) {
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
	a, err := p.render(view{Page: "reasons", Title: "Reasons", Section: "reasons", Content: sections})
	a.cache, a.byAccept = hour, true
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
func (p *Pages) showReason(_ http.ResponseWriter, r *http.Request) (answer, error) {
	found, ok := reason.Lookup(reason.Code(r.PathValue("code")))
	if !ok {
		return answer{}, instead(rest.Refuse(reason.ResourceNotFound, "No reason has this code."),
			"Look it up among all reasons: `"+p.URLs.Web("docs", "reasons").Href+"`.",
			"Copy the code as it stands in the answer, in `error.data.reason` or in the header `X-Pail-Reason`: `token.expired`, for example.")
	}
	if wantsJSON(r.Header.Values("Accept")) {
		return documentJSON(p.reasonJSON(found))
	}
	content := reasonPage{Reason: found, Section: sectionOf(found.Code), Steps: found.Steps(p.URLs.Base)}
	for _, c := range found.See {
		content.Related = append(content.Related, reason.Of(c))
	}
	a, err := p.render(view{Page: "reason", Title: found.Title, Section: "reasons", Content: content})
	a.cache, a.byAccept = hour, true
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
func documentJSON(value any) (answer, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(value)
	return answer{contentType: "application/json; charset=utf-8", cache: hour, byAccept: true, body: out.Bytes()}, err
}
