package code

import (
	"html/template"

	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// This file is what pages of other areas show of the code of a repository.

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
