package code

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// commitRow is a commit in a list.
type commitRow struct {
	*gitstore.Commit
	Author  Author
	Address string
}

// commitsPage is what a list of commits shows.
type commitsPage struct {
	within
	Ref   string // whose history it is; "" while there is none
	Rows  []commitRow
	Pager page.Pager
}

func (p *Pages) commits(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	ref := r.PathValue("ref")
	if gitstore.Hash(ref).Valid() { // links of the API to a commit lead here
		return page.Redirect(address(repo, "commit", ref)), nil
	}
	history, err := p.Repositories.History(r.Context(), repo, ref, r.URL.Query().Get("ctx"), (r.Page()-1)*page.PageLength, page.PageLength)
	if err != nil {
		// And those to a tag.
		if tag, ok := strings.CutPrefix(ref, "tag/"); ok && refusedFor(err, reason.RevisionNotFound) {
			return page.Redirect(address(repo, "commits", tag)), nil
		}
		return page.Answer{}, err
	}
	content := commitsPage{within: within{repo, address(repo)}, Ref: ref, Pager: historyPager(r, history)}
	if ref == "" {
		content.Ref = repo.MainBranch
	}
	for i := range history.Commits {
		c := &history.Commits[i]
		content.Rows = append(content.Rows, commitRow{c, author(history.Authors, c.Author), address(repo, "commit", string(c.Hash))})
	}
	return p.render(r, repo, "commits", "commits", "Commits", content)
}

func refusedFor(err error, code reason.Code) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Reason == code
}

// historyPager leads through a history that is held still by its cursor.
func historyPager(r *page.Request, h repository.History) page.Pager {
	at := func(n int) string {
		q := url.Values{"ctx": {h.Cursor}, "page": {strconv.Itoa(n)}}
		return (&url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: q.Encode()}).String()
	}
	var p page.Pager
	n := r.Page()
	if n > 1 {
		p.Previous = at(n - 1)
	}
	if h.More {
		p.Next = at(n + 1)
	}
	return p
}

// commitPage is what the page of one commit shows.
type commitPage struct {
	within
	*gitstore.Commit
	Author    Author
	Committer Author
	Same      bool // author and committer are one
	Body      string
	Parents   []page.Link
}

func (p *Pages) commit(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	commit, authors, err := p.Repositories.CommitAt(r.Context(), repo, r.PathValue("hash"))
	if err != nil {
		return page.Answer{}, err
	}
	content := commitPage{within: within{repo, address(repo)}, Commit: commit, Author: author(authors, commit.Author), Committer: author(authors, commit.Committer),
		Same: commit.Author.Raw == commit.Committer.Raw}
	_, body, _ := strings.Cut(strings.TrimLeft(commit.Message, "\n"), "\n")
	content.Body = strings.TrimSpace(body)
	for _, parent := range commit.Parents {
		content.Parents = append(content.Parents, page.Link{Name: parent.Short(), Href: address(repo, "commit", string(parent))})
	}
	return p.render(r, repo, "commit", "commits", "Commit "+commit.Hash.Short(), content)
}
