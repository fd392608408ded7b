package docs

import (
	"slices"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

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
	content := reasonsPage{Query: query(r)}
	for _, section := range reason.Sections() {
		l := listedSection{Section: section, Hidden: true}
		for _, one := range section.Reasons {
			shown := holds(content.Query, string(one.Code), one.Title, page.StatusText(one.Status), one.Message, one.Why)
			l.Items = append(l.Items, listedReason{one, !shown})
			l.Hidden = l.Hidden && !shown
		}
		content.Sections = append(content.Sections, l)
		content.Found = content.Found || !l.Hidden
	}
	a, err := r.Render(templates, page.View{Template: "reasons", Title: "Errors", Section: "docs", Narrow: true, Tabs: tabs("/docs/errors"), Content: content})
	a.Cache, a.ByAccept = cache(r), true
	return a, err
}

// reasonsPage is what the list shows. What the search does not find is on the page too, hidden, so that the script can
// search on without asking.
type reasonsPage struct {
	Query    string
	Sections []listedSection
	Found    bool
}

type listedSection struct {
	reason.Section
	Items  []listedReason
	Hidden bool
}

type listedReason struct {
	reason.Reason
	Hidden bool
}

// reasonPage is what the page of one reason shows.
type reasonPage struct {
	reason.Reason
	Section reason.Section
	Steps   []string
	See     []lines
	Mend    []lines
	Related []reason.Reason
}

// lines are the commands for one tool.
type lines struct {
	Tool     reason.Tool
	Commands []command
}

// command is one command for this server.
type command struct{ Line, Says string }

// byTool groups commands, in the order in which the tools are first met.
func byTool(all []reason.Command, base string) (groups []lines) {
	for _, c := range all {
		i := slices.IndexFunc(groups, func(l lines) bool { return l.Tool == c.Tool })
		if i < 0 {
			i = len(groups)
			groups = append(groups, lines{Tool: c.Tool})
		}
		says := c.Says
		if c.Provokes {
			says = "Brings it about, with a token that is good. " + says
		}
		groups[i].Commands = append(groups[i].Commands, command{c.Line(base), says})
	}
	return groups
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
	content := reasonPage{Reason: found, Section: reason.SectionOf(found.Code), Steps: found.Steps(p.URLs.Base),
		See: byTool(found.Show, p.URLs.Base), Mend: byTool(found.Mend, p.URLs.Base)}
	for _, c := range found.See {
		content.Related = append(content.Related, reason.Of(c))
	}
	a, err := r.Render(templates, page.View{Template: "reason", Title: found.Title, Section: "docs", Narrow: true, Content: content})
	a.Cache, a.ByAccept = cache(r), true
	return a, err
}

// reasonJSON is a reason as JSON. What can be filled in by a single case only stays in braces in message.
type reasonJSON struct {
	Code    reason.Code   `json:"code"`
	Family  string        `json:"family"`
	Title   string        `json:"title"`
	Status  int           `json:"status,omitempty"`
	Message string        `json:"message,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Why     string        `json:"why"`
	Show    []commandJSON `json:"show"`
	Fix     []string      `json:"fix"`
	Mend    []commandJSON `json:"mend"`
	See     []rest.Link   `json:"see"`
	Doc     string        `json:"doc"`
}

// commandJSON is a command as JSON. Provokes tells that it brings the refusal about with a token that is good.
type commandJSON struct {
	Tool     reason.Tool `json:"tool"`
	Command  string      `json:"command"`
	Says     string      `json:"says"`
	Provokes bool        `json:"provokes,omitempty"`
}

func commandsJSON(all []reason.Command, base string) []commandJSON {
	list := make([]commandJSON, len(all))
	for i, c := range all {
		list[i] = commandJSON{c.Tool, c.Line(base), c.Says, c.Provokes}
	}
	return list
}

func (p *Pages) reasonJSON(r reason.Reason) reasonJSON {
	j := reasonJSON{Code: r.Code, Family: r.Code.Family(), Title: r.Title, Status: r.Status, Message: r.Message, Detail: r.Detail,
		Why: r.Why, Show: commandsJSON(r.Show, p.URLs.Base), Fix: r.Steps(p.URLs.Base), Mend: commandsJSON(r.Mend, p.URLs.Base), See: []rest.Link{}, Doc: p.URLs.Base + r.Code.DocPath()}
	for _, c := range r.See {
		j.See = append(j.See, rest.Link{Href: p.URLs.Base + c.DocPath(), Name: string(c)})
	}
	return j
}
