package wikis

import (
	"html/template"
	"net/url"
	"strconv"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/wiki"
)

// historyPage is what the history of a page shows.
type historyPage struct {
	within
	Name  string
	Page  string // address
	Rows  []revision
	Pager page.Pager
}

// revision is one that changed the page.
type revision struct {
	wiki.Version
	Author        template.HTML
	There         string // address of the page as it was then; "" where it was removed
	Changes, Till string // addresses of what it changed, and of what changed since
	Was           string // the name that the page had; "" for the same
}

// differing is the address of what changed on a page between two revisions; from "" is the one before.
func differing(w *wiki.Wiki, name, from, to string) string {
	q := url.Values{"to": {to}}
	if from != "" {
		q.Set("from", from)
	}
	return address(w, "diff", name, "") + "?" + q.Encode()
}

func (p *Pages) history(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name := r.PathValue("page")
	from, err := p.Wikis.At(r.Context(), w, r.URL.Query().Get("at"))
	if err != nil {
		return page.Answer{}, err
	}
	versions, more, err := p.Wikis.History(r.Context(), w, from, name, (r.Page()-1)*page.PageLength, page.PageLength)
	if err != nil {
		return page.Answer{}, err
	}
	if len(versions) == 0 {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "No revision has changed a page of this name.")
	}
	content := historyPage{within: around(w), Name: name, Page: address(w, "page", name, "")}
	commits := make([]gitstore.Commit, len(versions))
	for i, v := range versions {
		commits[i] = *v.Commit
	}
	authors, err := p.Repositories.AuthorsOf(r.Context(), commits)
	if err != nil {
		return page.Answer{}, err
	}
	for i, v := range versions {
		row := revision{Version: v, Changes: differing(w, v.Path, "", string(v.Commit.Hash))}
		if row.Author, err = p.Code.Author(authors, v.Commit.Author); err != nil {
			return page.Answer{}, err
		}
		if !v.Gone {
			row.There = address(w, "page", v.Path, string(v.Commit.Hash))
		}
		if v.Path != name {
			row.Was = v.Path
		}
		if (i > 0 || r.Page() > 1) && !v.Gone {
			row.Till = differing(w, name, string(v.Commit.Hash), string(from.Hash))
		}
		content.Rows = append(content.Rows, row)
	}
	// The next part is of this revision, whatever is newest by then.
	at := func(n int) string { return address(w, "history", name, string(from.Hash)) + "&page=" + strconv.Itoa(n) }
	if r.Page() > 1 {
		content.Pager.Previous = at(r.Page() - 1)
	}
	if more {
		content.Pager.Next = at(r.Page() + 1)
	}
	return p.render(r, w, "history", "History of "+label(name), content)
}

// diffPage is what changed on a page.
type diffPage struct {
	within
	Name, Page, History string
	From, To            *gitstore.Commit // From nil: before the first revision
	FromAt, ToAt        string           // addresses of the page then
	Changes             template.HTML
}

func (p *Pages) diff(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name, query := r.PathValue("page"), r.URL.Query()
	b, err := p.Wikis.Difference(r.Context(), w, name, query.Get("from"), query.Get("to"))
	if err != nil {
		return page.Answer{}, err
	}
	content := diffPage{within: around(w), Name: name, Page: address(w, "page", name, ""), History: address(w, "history", name, ""), ToAt: address(w, "page", b.New, string(b.To))}
	if content.To, err = p.Wikis.At(r.Context(), w, string(b.To)); err == nil && b.From != "" {
		content.FromAt = address(w, "page", b.Old, string(b.From))
		content.From, err = p.Wikis.At(r.Context(), w, string(b.From))
	}
	if err == nil {
		content.Changes, err = p.Code.Files(r, w.ID, b.DiffQuery)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, w, "diff", "Changes of "+label(name), content)
}
