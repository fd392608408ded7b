package code

import (
	"errors"
	"html/template"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// This file is what pages of other areas show of the code of a repository, and of what else git keeps.

// Between is the list of the commits that lead from one commit to another; "" when there is none.
func (p *Pages) Between(r *page.Request, repo *repository.Repository, from, to gitstore.Hash) (commits template.HTML, err error) {
	lie, err := p.lieBetween(r, repo, from, to)
	if err != nil {
		return "", err
	}
	rows, err := p.commitRows(r, repo, lie.commits)
	if err != nil {
		return "", err
	}
	if len(rows) > 0 {
		if commits, err = templates.Part("commits", rows); err != nil {
			return "", err
		}
	}
	if lie.more {
		commits += `<p class="quiet">These are the newest.</p>`
	}
	return commits, nil
}

// Changes are what one commit has changed since it and another one parted. The parameters of the request say how it is shown, as on
// the page of a comparison, and show what stands beside.
func (p *Pages) Changes(r *page.Request, repo *repository.Repository, from, to gitstore.Hash, show diff.Show) (template.HTML, error) {
	lie, err := p.lieBetween(r, repo, from, to)
	if err != nil {
		return "", err
	}
	if lie.parted != "" {
		from = lie.parted
	}
	part, err := p.diff(r, repo, from, to, show)
	if err != nil {
		return "", err
	}
	return templates.Part("diff", part)
}

// Differs is what differs between two commits of the git directory with an id, whose files have the addresses that view gives; from is
// "" before a first commit.
func (p *Pages) Differs(r *page.Request, id string, from, to gitstore.Hash, view func(commit gitstore.Hash, path string) string) (template.HTML, error) {
	part, err := p.differs(r, id, from, to, diff.Show{}, view)
	if err != nil {
		return "", err
	}
	return templates.Part("diff", part)
}

// Contents are what is in a file of the git directory with an id, as HTML, and what there is to know of it. In Markdown links lead
// where file says, and pictures are where picture says; "" where there is none. views is what it means, Picture or Document, where it
// can be shown as its source too.
func (p *Pages) Contents(r *page.Request, id string, f diff.Blob, picture, file func(path string) string) (shown template.HTML, facts []string, views string, err error) {
	var content contents
	err = p.fill(&content, f, func(limit int64) ([]byte, bool, error) {
		data, err := p.Repositories.Git.Blob(r.Context(), id, f.Hash, limit)
		if errors.Is(err, gitstore.ErrTooLarge) {
			return nil, false, nil
		}
		return data, err == nil, err
	}, func(data []byte) (template.HTML, error) {
		return markup.Markdown(data, markup.Options{Dir: strings.TrimPrefix(path.Dir("/"+f.Path), "/"), File: file, Picture: func(path string) string {
			if pictures[extension(path)] == "" {
				return ""
			}
			return picture(path)
		}})
	})
	if err != nil {
		return "", nil, "", err
	}
	shown, err = templates.Part("contents", content)
	return shown, append([]string{page.Size(f.Info.Size)}, content.Facts...), content.Views, err
}

// History is a list of commits, whose pages have the addresses that at gives.
func (p *Pages) History(r *page.Request, commits []gitstore.Commit, at func(gitstore.Hash) string) (template.HTML, error) {
	authors, err := p.Repositories.AuthorsOf(r.Context(), commits)
	if err != nil {
		return "", err
	}
	rows := make([]commitRow, len(commits))
	for i := range commits {
		rows[i] = commitRow{Commit: &commits[i], Author: author(authors, commits[i].Author), Address: at(commits[i].Hash)}
	}
	return templates.Part("commits", rows)
}

// Author is who signed a commit, one of all.
func (p *Pages) Author(all repository.Authors, who gitstore.Signature) (template.HTML, error) {
	return templates.Part("author", author(all, who))
}

// Files are what differs in one file or two between two commits, as Changes, with no ways that lead on.
func (p *Pages) Files(r *page.Request, id string, q gitstore.DiffQuery) (template.HTML, error) {
	d, err := p.difference(r, id, q, false)
	if err != nil {
		return "", err
	}
	part := &diffPart{Split: r.URL.Query().Get("view") == "split", Files: d.all, Added: d.added, Removed: d.removed, from: q.From, to: q.To, view: func(gitstore.Hash, string) string { return "" }}
	part.Views = []page.Link{{Name: "Unified", Href: r.With("view", ""), Current: !part.Split}, {Name: "Side by side", Href: r.With("view", "split"), Current: part.Split}}
	for _, c := range d.shown {
		if err := part.add(changePart{}, c, d.files[pathOf(c)], true, false); err != nil {
			return "", err
		}
	}
	return templates.Part("diff", part)
}

// Bytes serves those of a file.
func (p *Pages) Bytes(r *page.Request, id, revision, path string) (page.Answer, error) {
	kept := &repository.Repository{ID: id}
	found, err := p.Repositories.Place(r.Context(), kept, revision, path)
	if err != nil {
		return page.Answer{}, err
	}
	return p.bytes(r, kept, found)
}

// Builds are the marks that say what builds make of commits, by hash; those of which none says anything are missing.
func (p *Pages) Builds(r *page.Request, repo *repository.Repository, hashes []gitstore.Hash) (map[gitstore.Hash]template.HTML, error) {
	found, err := p.builds(r, repo, hashes)
	if err != nil {
		return nil, err
	}
	marks := make(map[gitstore.Hash]template.HTML, len(found))
	for hash, b := range found {
		if marks[hash], err = templates.Part("build", b); err != nil {
			return nil, err
		}
	}
	return marks, nil
}

// Statuses are what builds say of a commit, as a table; "" when none does.
func (p *Pages) Statuses(r *page.Request, repo *repository.Repository, hash gitstore.Hash) (template.HTML, error) {
	rows, err := p.statuses(r, repo, hash)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return templates.Part("statuses", rows)
}

// Rule says what a branch restriction does.
func (p *Pages) Rule(b branching.Restriction) string { return words(b) }
