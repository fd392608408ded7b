package code

import (
	"errors"
	"html/template"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// commitRow is a commit in a list.
type commitRow struct {
	*gitstore.Commit
	Author  Author
	Address string
	Build   *build // nil: no build says anything of it

	// In the history of a path:
	There string        // address of what was there
	Was   template.HTML // the path that it had then; "" for the same
}

// commitsPage is what a list of commits shows.
type commitsPage struct {
	within
	Ref   string        // whose history it is; "" while there is none
	Of    template.HTML // the path that the commits changed; "" for all commits
	Back  string        // address of what is there
	Rows  []commitRow
	Pager page.Pager
}

func (p *Pages) commits(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	ref := r.PathValue("ref")
	if at := r.URL.Query().Get("path"); at != "" {
		return p.pathCommits(r, repo, ref, at)
	}
	if gitstore.Hash(ref).Valid() { // links of the API to a commit lead here
		return page.Redirect(address(repo, "commit", ref)), nil
	}
	history, err := p.Repositories.History(r.Context(), repo, ref, r.URL.Query().Get("ctx"), "", (r.Page()-1)*page.PageLength, page.PageLength)
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
	if content.Rows, err = p.rowsOf(r, repo, history.Commits, history.Authors); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "commits", "commits", "Commits", content)
}

// commitRows are commits as rows of a list.
func (p *Pages) commitRows(r *page.Request, repo *repository.Repository, commits []gitstore.Commit) ([]commitRow, error) {
	authors, err := p.Repositories.AuthorsOf(r.Context(), commits)
	if err != nil {
		return nil, err
	}
	return p.rowsOf(r, repo, commits, authors)
}

func (p *Pages) rowsOf(r *page.Request, repo *repository.Repository, commits []gitstore.Commit, authors repository.Authors) (rows []commitRow, err error) {
	hashes := make([]gitstore.Hash, len(commits))
	for i := range commits {
		hashes[i] = commits[i].Hash
	}
	builds, err := p.builds(r, repo, hashes)
	if err != nil {
		return nil, err
	}
	for i := range commits {
		c := &commits[i]
		rows = append(rows, commitRow{Commit: c, Author: author(authors, c.Author), Address: address(repo, "commit", string(c.Hash)), Build: builds[c.Hash]})
	}
	return rows, nil
}

// historyKey says what a part of the history of a path depends on.
type historyKey struct {
	repository string
	commit     gitstore.Hash
	path       string
	part       int
}

// historyPart is a part of the history of a path.
type historyPart struct {
	versions []gitstore.FileVersion // of a file; nil for a directory
	commits  []gitstore.Commit      // of a directory
	more     bool
}

// pathCommits lists the commits that changed what is at a path: of a file also those from before it was moved.
func (p *Pages) pathCommits(r *page.Request, repo *repository.Repository, ref, at string) (page.Answer, error) {
	if ref == "" {
		ref = repo.MainBranch
	}
	found, err := p.Repositories.Place(r.Context(), repo, ref, at)
	if err != nil {
		return page.Answer{}, err
	}
	content := commitsPage{within: within{repo, address(repo)}, Ref: ref, Of: name(found.Path), Back: source(repo, "src", ref, found.Path)}
	// The next part is of this commit, whatever the branch leads to by then.
	fixed := func(n int) string {
		return past(repo, string(found.Commit.Hash), found.Path) + "&page=" + strconv.Itoa(n)
	}
	more := false
	if found.Entry.Directory() {
		if more, err = p.directoryCommits(r, repo, found, &content); err != nil {
			return page.Answer{}, err
		}
	} else if more, err = p.fileCommits(r, repo, found, &content); err != nil {
		return page.Answer{}, err
	}
	if r.Page() > 1 {
		content.Pager.Previous = fixed(r.Page() - 1)
	}
	if more {
		content.Pager.Next = fixed(r.Page() + 1)
	}
	return p.render(r, repo, "commits", "commits", "History of "+highlight.Visible(path.Base(found.Path)), content)
}

// directoryCommits adds a part of the history of a directory.
func (p *Pages) directoryCommits(r *page.Request, repo *repository.Repository, found *repository.Place, content *commitsPage) (more bool, err error) {
	key := historyKey{repo.ID, found.Commit.Hash, found.Path, r.Page()}
	part, ok := p.histories.get(key)
	if !ok {
		history, err := p.Repositories.History(r.Context(), repo, string(found.Commit.Hash), "", found.Path, (r.Page()-1)*page.PageLength, page.PageLength)
		if err != nil {
			return false, err
		}
		part.commits, part.more = history.Commits, history.More
		held := len(found.Path)
		for i := range part.commits {
			held += 500 + len(part.commits[i].Message)
		}
		p.histories.put(key, part, held)
	}
	content.Rows, err = p.commitRows(r, repo, part.commits)
	return part.more, err
}

// fileCommits adds a part of the history of a file.
func (p *Pages) fileCommits(r *page.Request, repo *repository.Repository, found *repository.Place, content *commitsPage) (more bool, err error) {
	key := historyKey{repo.ID, found.Commit.Hash, found.Path, r.Page()}
	part, ok := p.histories.get(key)
	if !ok {
		part.versions, part.more, err = p.Repositories.Git.FileHistory(r.Context(), repo.ID, gitstore.FileQuery{From: found.Commit.Hash, Path: found.Path, Renames: true,
			Skip: (r.Page() - 1) * page.PageLength, Limit: page.PageLength})
		if errors.Is(err, gitstore.ErrInvalid) {
			return false, rest.Refuse(reason.RevisionNotFound, "There is no file at this path.")
		}
		if err != nil {
			return false, err
		}
		p.histories.put(key, part, 300*len(part.versions)+len(found.Path))
	}
	hashes := make([]gitstore.Hash, len(part.versions))
	for i, v := range part.versions {
		hashes[i] = v.Commit
	}
	commits, authors, err := p.Repositories.CommitsAt(r.Context(), repo, hashes)
	if err != nil {
		return false, err
	}
	list := make([]gitstore.Commit, len(commits))
	for i, c := range commits {
		list[i] = *c
	}
	if content.Rows, err = p.rowsOf(r, repo, list, authors); err != nil {
		return false, err
	}
	for i, v := range part.versions {
		if v.Path != found.Path {
			content.Rows[i].Was = name(v.Path)
		}
		if v.Entry.Mode != "" {
			content.Rows[i].There = source(repo, "src", string(v.Commit), v.Path)
		}
	}
	return part.more, nil
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
	Seal      repository.Seal
	Heading   template.HTML // the first line of the message; "" for none
	Body      template.HTML // the others
	Parents   []page.Link
	Statuses  []statusRow
	Reports   []reportPart
	Approvals []Author
	Comments  []commentPart
	More      bool // comments than are shown
	Diff      *diffPart
}

func (p *Pages) commit(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	commit, authors, err := p.Repositories.CommitAt(r.Context(), repo, r.PathValue("hash"))
	if err != nil {
		return page.Answer{}, err
	}
	content := commitPage{within: within{repo, address(repo)}, Commit: commit, Author: author(authors, commit.Author), Committer: author(authors, commit.Committer),
		Same: commit.Author.Raw == commit.Committer.Raw}
	_, body, _ := strings.Cut(strings.TrimLeft(commit.Message, "\n"), "\n")
	body = strings.TrimSpace(body)
	texts, err := p.Repositories.Messages(r.Context(), p.Repositories.DB, rest.URLs{}, repo, commit.Summary(), body)
	if err != nil {
		return page.Answer{}, err
	}
	content.Heading, content.Body = texts.Of(commit.Summary()), texts.Of(body)
	for _, parent := range commit.Parents {
		content.Parents = append(content.Parents, page.Link{Name: parent.Short(), Href: address(repo, "commit", string(parent))})
	}
	if content.Seal, err = p.Repositories.Seal(r.Context(), repo, commit, authors); err != nil {
		return page.Answer{}, err
	}
	if content.Statuses, content.Reports, err = p.said(r, repo, commit.Hash); err != nil {
		return page.Answer{}, err
	}
	if err := p.heard(r, repo, &content); err != nil {
		return page.Answer{}, err
	}
	from := gitstore.Hash("")
	if len(commit.Parents) > 0 {
		from = commit.Parents[0]
	}
	if content.Diff, err = p.diff(r, repo, from, commit.Hash, diff.Show{}); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "commit", "commits", "Commit "+commit.Hash.Short(), content)
}
