package wiki

import (
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// listedJSON is a page in a list.
type listedJSON struct {
	Type  string               `json:"type"` // wiki_page
	Path  string               `json:"path"`
	Title string               `json:"title"`
	Links map[string]rest.Link `json:"links"`
}

// JSON is a page as the API writes it.
type JSON struct {
	listedJSON
	Revision string       `json:"revision"` // of the wiki, in which the page was seen: an edit begins with it
	Size     int64        `json:"size"`     // bytes
	Content  *contentJSON `json:"content"`  // null for what is longer than MaxText or not in UTF-8: its bytes are at links.raw
}

type contentJSON struct {
	Type   string `json:"type"`
	Raw    string `json:"raw"`
	Markup string `json:"markup"`
	HTML   string `json:"html"`
}

const pageType = "wiki_page"

func (room *Room) link(r *repository.Repository, kind, name, at string) rest.Link {
	segments := []string{"repositories", r.Workspace.Slug, r.Slug, kind}
	if name != "" {
		segments = append(segments, strings.Split(name, "/")...)
	}
	l := room.URLs.API(segments...)
	if at != "" {
		l.Href += "?" + url.Values{"at": {at}}.Encode()
	}
	return l
}

func (room *Room) renderListed(w *Wiki, name, at string) listedJSON {
	r := w.Repository
	raw := room.link(r, "wiki", name, at)
	raw.Href += "?format=raw"
	if at != "" {
		raw.Href = strings.Replace(raw.Href, "?format=raw", "&format=raw", 1)
	}
	diff := room.link(r, "wiki-diff", name, "")
	if at != "" {
		diff.Href += "?" + url.Values{"to": {at}}.Encode()
	}
	return listedJSON{Type: pageType, Path: name, Title: Title(name), Links: map[string]rest.Link{
		"self": room.link(r, "wiki", name, at), "html": {Href: Address(room.URLs, r, "page", name, at)}, "raw": raw,
		"history": room.link(r, "wiki-history", name, at), "diff": diff}}
}

func (room *Room) render(c *access.Call, p *Page) (JSON, error) {
	j := JSON{listedJSON: room.renderListed(p.Wiki, p.Path, p.At), Revision: string(p.Commit.Hash), Size: p.Size}
	if !p.Shown {
		return j, nil
	}
	html, err := room.HTML(c.Context(), room.URLs, p)
	j.Content = &contentJSON{Type: "rendered", Raw: p.Text, Markup: Markup(p.Path), HTML: string(html)}
	return j, err
}

// list is the pages of a wiki, those of each directory before what is below it.
func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	at := c.Query().Get("at")
	commit, err := room.At(c.Context(), w, at)
	if err != nil {
		return nil, err
	}
	names, more, err := room.Names(c.Context(), w, commit)
	if err != nil {
		return nil, err
	}
	size := len(names)
	names = names[min(p.Offset(), size):min(p.Offset()+p.Pagelen, size)]
	values := make([]listedJSON, len(names))
	for i, name := range names {
		values[i] = room.renderListed(w, name, at)
	}
	if commit == nil {
		return rest.Counted(c.Request, p, values, size), nil
	}
	pinned := url.Values{"at": {string(commit.Hash)}} // later pages are of the same revision
	if more {
		return rest.Uncounted(c.Request, p, values, p.Offset()+len(names) < size, pinned), nil
	}
	list := rest.Uncounted(c.Request, p, values, p.Offset()+len(names) < size, pinned)
	list.Size = &size
	return list, nil
}

// get is a page, or the bytes of any file.
func (room *Room) get(c *access.Call, r *repository.Repository) (any, error) {
	format := c.Query().Get("format")
	if format != "" && format != "raw" {
		return nil, rest.Refuse(reason.QueryInvalid, "format is raw, or left out.").WithMessage("Invalid format")
	}
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	name, at := c.Param("page"), c.Query().Get("at")
	if format == "" && ValidName(name) {
		p, err := room.Page(c.Context(), w, name, at)
		if err != nil {
			return nil, err
		}
		return room.render(c, p)
	}
	_, entry, err := room.File(c.Context(), w, name, at)
	if err != nil {
		return nil, err
	}
	content, err := repository.FileContent(c.Context(), room.Git, w.ID, name, entry)
	if err != nil {
		return nil, room.gone(w, err)
	}
	return content, nil
}

// body is what PUT takes.
type body struct {
	Path     *string      `json:"path"` // another one than in the address: the page is renamed
	Content  *bodyContent `json:"content"`
	Message  *string      `json:"message"`  // of the revision; without it, what was done
	Revision *string      `json:"revision"` // in which the page was seen, "" or left out for one that is to be made
}

type bodyContent struct {
	Raw *string `json:"raw"`
}

func (room *Room) put(c *access.Call, r *repository.Repository) (any, error) {
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	var b body
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	e := Edit{Path: c.Param("page")}
	if b.Path != nil {
		e.To = *b.Path
	}
	if b.Content != nil {
		e.Text = b.Content.Raw
	}
	if b.Message != nil {
		e.Message = *b.Message
	}
	if b.Revision != nil {
		e.Base = *b.Revision
	}
	p, made, err := room.Save(c.Context(), c.Principal, w, e)
	if err != nil {
		return nil, err
	}
	j, err := room.render(c, p)
	if err == nil && made {
		return rest.Created(j, j.Links["self"]), nil
	}
	return j, err
}

func (room *Room) delete(c *access.Call, r *repository.Repository) (any, error) {
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	return nil, room.Remove(c.Context(), c.Principal, w, c.Param("page"), c.Query().Get("revision"))
}

// versionJSON is a page as a revision left it.
type versionJSON struct {
	Type   string                `json:"type"` // wiki_page
	Path   string                `json:"path"` // that it had then
	Gone   bool                  `json:"deleted"`
	Commit repository.BaseCommit `json:"commit"`
	Links  map[string]rest.Link  `json:"links"`
}

// versionPagelen is the length of a page of revisions when none is asked for, as of commits.
const versionPagelen = 30

func (room *Room) history(c *access.Call, r *repository.Repository) (any, error) {
	p, err := c.Paging(versionPagelen)
	if err != nil {
		return nil, err
	}
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	name := c.Param("page")
	from, err := room.At(c.Context(), w, c.Query().Get("at"))
	if err != nil {
		return nil, err
	}
	versions, more, err := room.History(c.Context(), w, from, name, p.Offset(), p.Pagelen)
	if err == nil && len(versions) == 0 && p.Page == 1 {
		err = notFound(name)
	}
	if err != nil {
		return nil, err
	}
	commits := make([]*gitstore.Commit, len(versions))
	for i, v := range versions {
		commits[i] = v.Commit
	}
	base, err := room.Repositories.BaseCommits(c.Context(), "wiki_commit", commits...)
	if err != nil {
		return nil, err
	}
	values := make([]versionJSON, len(versions))
	for i, v := range versions {
		values[i] = versionJSON{Type: pageType, Path: v.Path, Gone: v.Gone, Commit: base[i], Links: room.renderListed(w, v.Path, string(v.Commit.Hash)).Links}
	}
	var pinned url.Values
	if from != nil {
		pinned = url.Values{"at": {string(from.Hash)}}
	}
	return rest.Uncounted(c.Request, p, values, more, pinned), nil
}

func (room *Room) diff(c *access.Call, r *repository.Repository) (any, error) {
	w, err := room.Open(c.Context(), r)
	if err != nil {
		return nil, err
	}
	b, err := room.Difference(c.Context(), w, c.Param("page"), c.Query().Get("from"), c.Query().Get("to"))
	if err != nil {
		return nil, err
	}
	return repository.DiffContent(c.Context(), room.Git, w.ID, b.DiffQuery), nil
}
