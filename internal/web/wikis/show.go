package wikis

import (
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/wiki"
)

// showPage is what a page of a wiki shows.
type showPage struct {
	within
	Crumbs   []page.Link
	Acts     []page.Link
	Old      *gitstore.Commit // the revision that is looked at; nil: the newest one
	Now      string           // address of the page in the newest one
	Said     string           // why no text is shown
	Raw      string
	Document template.HTML
	Last     *wiki.Version // that changed the page
	Author   template.HTML
	Changes  string // address of what it changed
	Tree     tree
	Clone    []string // lines
	New      string   // address; "" for who may not write
	Begin    string   // address to make the page that is shown in front; "" where it is there, and for who may not write
	Missing  string   // the name of a page that is not there
}

// front shows the page that a wiki begins with.
func (p *Pages) front(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	found, err := p.Wikis.Page(r.Context(), w, wiki.Start, "")
	if refused(err, reason.ResourceNotFound) {
		content := showPage{within: around(w)}
		if content.New = p.making(r, w, ""); content.New != "" {
			content.Begin = p.making(r, w, wiki.Start)
		}
		return p.beside(r, w, nil, "", "", &content, "front", "Wiki")
	}
	if err != nil {
		return page.Answer{}, err
	}
	return p.page(r, w, found)
}

// making is the address where a page of this name is made; "" for who may not.
func (p *Pages) making(r *page.Request, w *wiki.Wiki, name string) string {
	if !p.may(r) {
		return ""
	}
	to := address(w, "new", "", "")
	if name != "" {
		to += "?" + url.Values{"path": {name}}.Encode()
	}
	return to
}

func refused(err error, code reason.Code) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Reason == code
}

// show shows a page.
func (p *Pages) show(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name, at := r.PathValue("page"), r.URL.Query().Get("at")
	found, err := p.Wikis.Page(r.Context(), w, name, at)
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.ResourceNotFound && wiki.ValidName(name) {
		return r.Explained(e, func() (page.Answer, error) {
			content := showPage{within: around(w), Crumbs: crumbs(w, name), Missing: name, Begin: p.making(r, w, name), Now: address(w, "page", name, "")}
			if at == "" {
				content.Now = ""
			}
			if last, _, err := p.Wikis.History(r.Context(), w, head(w), name, 0, 1); err == nil && len(last) > 0 {
				content.Acts = []page.Link{{Name: "History", Href: address(w, "history", name, "")}}
			}
			return p.beside(r, w, nil, "", "", &content, "missing", wiki.Title(name))
		})
	}
	if err != nil {
		return page.Answer{}, err
	}
	return p.page(r, w, found)
}

// head is the newest revision, as far as it is named by that.
func head(w *wiki.Wiki) *gitstore.Commit {
	if w.Head == "" {
		return nil
	}
	return &gitstore.Commit{Hash: w.Head}
}

func (p *Pages) page(r *page.Request, w *wiki.Wiki, found *wiki.Page) (page.Answer, error) {
	content := showPage{within: around(w), Crumbs: crumbs(w, found.Path), Raw: wiki.Raw(rest.URLs{}, w.Repository, found.Commit.Hash, found.Path), New: p.making(r, w, "")}
	if found.At != "" && found.Commit.Hash != w.Head {
		content.Old, content.Now = found.Commit, address(w, "page", found.Path, "")
	}
	if content.New != "" && content.Old == nil {
		content.Acts = append(content.Acts, page.Link{Name: "Edit", Href: address(w, "edit", found.Path, "")})
	}
	content.Acts = append(content.Acts, page.Link{Name: "History", Href: address(w, "history", found.Path, found.At)}, page.Link{Name: "Raw", Href: content.Raw})
	switch {
	case !found.Shown && found.Size > wiki.MaxText:
		content.Said = fmt.Sprintf("This page has more than %d KiB: too many to be shown here.", wiki.MaxText>>10)
	case !found.Shown:
		content.Said = "This page is no text in UTF-8, and not shown here."
	case strings.TrimSpace(found.Text) == "":
		content.Said = "This page is empty."
	default:
		var err error
		if content.Document, err = p.Wikis.HTML(r.Context(), rest.URLs{}, found); err != nil {
			return page.Answer{}, err
		}
	}
	last, _, err := p.Wikis.History(r.Context(), w, found.Commit, found.Path, 0, 1)
	if err != nil {
		return page.Answer{}, err
	}
	if len(last) > 0 {
		content.Last = &last[0]
		content.Changes = differing(w, last[0].Path, "", string(last[0].Commit.Hash))
		authors, err := p.Repositories.AuthorsOf(r.Context(), []gitstore.Commit{*last[0].Commit})
		if err == nil {
			content.Author, err = p.Code.Author(authors, last[0].Commit.Author)
		}
		if err != nil {
			return page.Answer{}, err
		}
	}
	return p.beside(r, w, found.Commit, found.Path, found.At, &content, "show", found.Title())
}

// beside adds the tree of pages, and the ways to clone. commit nil is the newest revision.
func (p *Pages) beside(r *page.Request, w *wiki.Wiki, commit *gitstore.Commit, name, at string, content *showPage, template, title string) (page.Answer, error) {
	var err error
	if commit == nil {
		if commit, err = p.Wikis.At(r.Context(), w, ""); err != nil {
			return page.Answer{}, err
		}
	}
	if content.Tree, err = p.tree(r, w, commit, name, at); err != nil {
		return page.Answer{}, err
	}
	content.Clone = p.clone(w.Repository)
	return p.render(r, w, template, title, content)
}

// clone is the lines with which git gets a wiki.
func (p *Pages) clone(repo *repository.Repository) (lines []string) {
	user := "x-bitbucket-api-token-auth@"
	if !repo.Private {
		user = ""
	}
	scheme, host, _ := strings.Cut(p.URLs.Base, "://")
	lines = []string{"git clone " + scheme + "://" + user + host + "/" + repo.FullName() + ".git/wiki"}
	if p.SSH != nil {
		lines = append(lines, "git clone "+p.URLs.SSHRemote(repo.FullName())+"/wiki")
	}
	return lines
}

// raw serves the bytes of a file.
func (p *Pages) raw(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	if _, _, err := p.Wikis.File(r.Context(), w, r.PathValue("page"), r.PathValue("rev")); err != nil {
		return page.Answer{}, err
	}
	return p.Code.Bytes(r, w.ID, r.PathValue("rev"), r.PathValue("page"))
}

// elsewhere leads from what an address of Bitbucket Cloud's named, WIKI/PAGE without the end, to the page.
func (p *Pages) elsewhere(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name := strings.Trim(r.PathValue("page"), "/")
	if name == "" {
		return page.Redirect(address(w, "", "", "")), nil
	}
	commit, err := p.Wikis.At(r.Context(), w, "")
	if err != nil {
		return page.Answer{}, err
	}
	names, _, err := p.Wikis.Names(r.Context(), w, commit)
	if err != nil {
		return page.Answer{}, err
	}
	for _, there := range names {
		if there == name || strings.TrimSuffix(there, there[strings.LastIndexByte(there, '.'):]) == name {
			return page.Redirect(address(w, "page", there, "")), nil
		}
	}
	if wiki.ValidName(name) {
		return page.Redirect(address(w, "page", name, "")), nil
	}
	if wiki.ValidName(name + ".md") {
		return page.Redirect(address(w, "page", name+".md", "")), nil
	}
	return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "The wiki has no page of this name.")
}
