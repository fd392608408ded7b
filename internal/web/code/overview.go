package code

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// overviewPage is what the front page of a repository shows.
type overviewPage struct {
	within
	Clones []clone

	Parent   *repository.Repository // what it was forked from; nil: nothing, or what the visitor may not see
	ParentAt string
	Fork     string     // where it is forked; "" for who is not signed in, and where its policy forbids it
	Watch    *page.Form // nil for who is not signed in
	Watchers string

	Last   *gitstore.Commit // of the main branch; nil while there is none
	Author Author
	Commit string // address of Last

	Readme readmePart

	Fresh, Existing string // the lines for the first push
}

func (p *Pages) overview(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content := overviewPage{within: within{repo, address(repo)}, Clones: p.clones(r, repo)}
	if err := p.kin(r, repo, &content); err != nil {
		return page.Answer{}, err
	}
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
	if content.Readme, err = p.readme(r.Context(), repo, repo.MainBranch, commit, "", commit.Tree); err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "overview", "", "Overview", content)
}

func (p *Pages) render(r *page.Request, repo *repository.Repository, template, tab, title string, content any) (page.Answer, error) {
	v := p.View(r, repo, template, tab, title)
	v.Content = content
	return r.Render(templates, v)
}

// kin fills in where the repository comes from, who watches it, and what the visitor may do about both.
func (p *Pages) kin(r *page.Request, repo *repository.Repository, content *overviewPage) error {
	parent, err := p.Repositories.Parent(r.Context(), repo)
	if err != nil {
		return err
	}
	if parent != nil {
		at := map[string]string{"workspace": rest.Braced(parent.Workspace.ID), "repo_slug": rest.Braced(parent.ID)}
		if _, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Repositories.Repositories().Reads(), func(name string) string { return at[name] }); err == nil {
			content.Parent, content.ParentAt = parent, address(parent)
		}
	}
	watching, all, err := p.Repositories.Watches(r.Context(), repo, r.Principal.AccountID())
	if content.Watchers = counted(all, "watcher"); err != nil || r.Self == nil {
		return err
	}
	if repo.ForkPolicy != repository.NoForks {
		content.Fork = address(repo, "fork")
	}
	submit, want := "Watch", "true"
	if watching {
		submit, want = "Stop watching", "false"
	}
	content.Watch = r.NewForm(address(repo, "watch"), submit, page.Field{Name: "watch", Type: "hidden", Value: want})
	return nil
}
