package snippets

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/page"
)

// historyPage is what the list of revisions shows.
type historyPage struct {
	within
	Revisions template.HTML // "" where the list has ended
	Pager     page.Pager
}

func (p *Pages) history(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	list, cursor, more, err := p.Snippets.History(r.Context(), s, r.URL.Query().Get("ctx"), (r.Page()-1)*page.PageLength, page.PageLength)
	if err != nil {
		return page.Answer{}, err
	}
	content := historyPage{within: of(s)}
	if len(list) > 0 {
		if content.Revisions, err = p.Code.History(r, list, func(revision gitstore.Hash) string { return address(s, string(revision)) }); err != nil {
			return page.Answer{}, err
		}
	}
	// The other parts are of the same history, whatever is changed meanwhile.
	part := func(n int) string {
		return address(s, "history") + "?" + url.Values{"ctx": {cursor}, "page": {strconv.Itoa(n)}}.Encode()
	}
	if r.Page() > 1 {
		content.Pager.Previous = part(r.Page() - 1)
	}
	if more {
		content.Pager.Next = part(r.Page() + 1)
	}
	return p.render(r, s, "history", "history", "History · "+name(s), content)
}

// revisionPage is what the pages of one revision show: its files, or what it has changed.
type revisionPage struct {
	within
	*gitstore.Commit
	By      template.HTML
	Body    string
	Parents []page.Link
	Acts    []page.Link
	Files   []filePart
	All     string        // the address of all files, where one is shown
	Changes template.HTML // "" on the page of the files
}

// revision finds the revision that the path names, for h.
func (p *Pages) revision(h func(*page.Request, *snippet.Snippet, *gitstore.Commit) (page.Answer, error)) func(*page.Request, *snippet.Snippet) (page.Answer, error) {
	return func(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
		revision, err := p.Snippets.Revision(r.Context(), s, r.PathValue("revision"))
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, s, revision)
	}
}

func (p *Pages) about(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (content revisionPage, err error) {
	content = revisionPage{within: of(s), Commit: revision}
	authors, err := p.Snippets.Repositories.AuthorsOf(r.Context(), []gitstore.Commit{*revision})
	if err != nil {
		return content, err
	}
	if content.By, err = p.Code.Author(authors, revision.Author); err != nil {
		return content, err
	}
	_, body, _ := strings.Cut(strings.TrimLeft(revision.Message, "\n"), "\n")
	content.Body = strings.TrimSpace(body)
	for _, parent := range revision.Parents {
		content.Parents = append(content.Parents, page.Link{Name: parent.Short(), Href: address(s, string(parent))})
	}
	hash := string(revision.Hash)
	content.Acts = page.Marked(r.URL.EscapedPath(), page.Link{Name: "Files", Href: address(s, hash)}, page.Link{Name: "Changes", Href: address(s, "diff", hash)}, page.Link{Name: "Patch", Href: address(s, "patch", hash)})
	return content, nil
}

// at shows the files of a revision.
func (p *Pages) at(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (page.Answer, error) {
	content, err := p.about(r, s, revision)
	if err != nil {
		return page.Answer{}, err
	}
	content.Acts[0].Current = true
	if content.Files, content.All, err = p.parts(r, s, revision, address(s, string(revision.Hash))); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, s, "revision", "history", "Revision "+revision.Hash.Short()+" · "+name(s), content)
}

// diff shows what a revision has changed.
func (p *Pages) diff(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (page.Answer, error) {
	content, err := p.about(r, s, revision)
	if err != nil {
		return page.Answer{}, err
	}
	content.Acts[1].Current = true
	if content.Changes, err = p.Code.Differs(r, s.ID, snippet.Parent(revision), revision.Hash, func(at gitstore.Hash, path string) string { return only(address(s, string(at)), path, false) }); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, s, "revision", "history", "Changes of "+revision.Hash.Short()+" · "+name(s), content)
}

// patch delivers a revision as a mail.
func (p *Pages) patch(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (page.Answer, error) {
	content := p.Snippets.Patch(r.Context(), s, revision)
	return page.Answer{Content: &content}, nil
}

// raw delivers a file.
func (p *Pages) raw(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (page.Answer, error) {
	f, err := p.Snippets.File(r.Context(), s, revision, r.PathValue("path"))
	if err != nil {
		return page.Answer{}, err
	}
	return p.Code.Raw(r, s.ID, r.PathValue("revision"), blob(f))
}
