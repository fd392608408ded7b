package code

import (
	"html/template"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// overviewPage is what the front page of a repository shows.
type overviewPage struct {
	within
	Clones []clone

	Last   *gitstore.Commit // of the main branch; nil while there is none
	Author Author
	Commit string // address of Last

	Readme     template.HTML
	ReadmeName string // "" when there is none
	TooLarge   bool   // the README is not shown

	Fresh, Existing string // the lines for the first push
}

func (p *Pages) overview(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content := overviewPage{within: within{repo, address(repo)}, Clones: p.clones(r, repo)}
	if repo.MainBranch == "" {
		branch, err := p.Repositories.Git.DefaultBranch(r.Context(), repo.ID)
		if err != nil {
			branch = repository.DefaultBranch
		}
		content.Fresh, content.Existing = p.firstPush(repo, branch)
		return p.render(r, repo, "overview", "", "Overview", content)
	}
	commit, authors, err := p.Repositories.CommitAt(r.Context(), repo, gitstore.BranchPrefix+repo.MainBranch)
	if err != nil {
		return page.Answer{}, err
	}
	content.Last, content.Author, content.Commit = commit, author(authors, commit.Author), address(repo, "commit", string(commit.Hash))
	if content.ReadmeName, content.Readme, content.TooLarge, err = p.readme(r.Context(), repo, commit); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "overview", "", "Overview", content)
}

func (p *Pages) render(r *page.Request, repo *repository.Repository, template, tab, title string, content any) (page.Answer, error) {
	v := p.view(r, repo, template, tab, title)
	v.Content = content
	return r.Render(templates, v)
}
