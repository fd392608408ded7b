package code

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// forkPage is what the page for a fork shows.
type forkPage struct {
	within
	Form *page.Form
}

// placeField is a choice among projects of all workspaces; its value is workspace/key.
func placeField(places []workspace.Project) page.Field {
	f := page.Field{Name: "place", Label: "Project", Type: "select", Required: true}
	for _, one := range places {
		f.Options = append(f.Options, page.Option{Value: one.Workspace.Slug + "/" + one.Key, Name: one.Workspace.Name + ": " + one.Name + " (" + one.Key + ")"})
	}
	return f
}

// chosen is the project that was chosen, in which the visitor may make repositories.
func (p *Pages) chosen(r *page.Request) (workspace.Project, error) {
	slug, key, _ := strings.Cut(r.Form.Get("place"), "/")
	at := map[string]string{"workspace": slug, "project_key": key}
	project, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Workspaces.Projects().Needs(access.CreateRepo), func(name string) string { return at[name] })
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status != http.StatusInternalServerError {
		return project, rest.InvalidField("place", "choose a project in which you may make repositories")
	}
	return project, err
}

func (p *Pages) forkForm(r *page.Request, repo *repository.Repository) (forkPage, error) {
	places, err := p.Workspaces.PlacesWith(r.Context(), r.Principal, access.CreateRepo)
	if err != nil {
		return forkPage{}, err
	}
	if len(places) == 0 {
		return forkPage{}, page.Instead(rest.Refuse(reason.PrivilegeMissing, "A fork is made in a project. You may make one in no project."),
			"Ask who administers a project for the permission create-repo on it, or an owner of a workspace.")
	}
	return forkPage{within{repo, address(repo)}, r.NewForm(address(repo, "fork"), "Make the fork", placeField(places),
		page.Field{Name: "name", Label: "Name", Required: true, Max: 255, Value: repo.Name},
		page.Field{Name: "is_private", Label: "Private: only those who have access see it", Type: "checkbox", Value: "true", Checked: true})}, nil
}

func (p *Pages) newFork(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.forkForm(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "fork", "", "Fork", content)
}

func (p *Pages) fork(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	project, err := p.chosen(r)
	if err == nil {
		name, private := r.Form.Get("name"), r.Form.Get("is_private") == "true"
		var made *repository.Repository
		if made, err = p.Repositories.Fork(r.Context(), repo, *project.Workspace, project, repository.Change{Name: &name, Private: &private}, r.Principal.AccountID()); err == nil {
			return r.Done(address(made), "The fork "+made.FullName()+" is there.")
		}
	}
	content, missing := p.forkForm(r, repo)
	if missing != nil {
		return page.Answer{}, missing
	}
	return r.Again(content.Form, err, func() (page.Answer, error) { return p.render(r, repo, "fork", "", "Fork", content) })
}

// watch makes the visitor a watcher, or none any more.
func (p *Pages) watch(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if r.Self == nil {
		return page.Answer{}, rest.Refuse(reason.CredentialMissing, "Sign in to watch a repository.")
	}
	watching := r.Form.Get("watch") == "true"
	if err := p.Repositories.Watch(r.Context(), repo, r.Self.ID, watching); err != nil {
		return page.Answer{}, err
	}
	if watching {
		return r.Done(address(repo), "You watch this repository.")
	}
	return r.Done(address(repo), "You no longer watch this repository.")
}

func (p *Pages) transfer(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	project, err := p.chosen(r)
	if err == nil && !strings.EqualFold(strings.TrimSpace(r.Form.Get("moved")), repo.FullName()) {
		err = rest.InvalidField("moved", "enter "+repo.FullName()+" to transfer it")
	}
	if err == nil {
		var moved *repository.Repository
		if moved, err = p.Repositories.Transfer(r.Context(), repo, project); err == nil {
			return r.Done(address(moved), "The repository is "+moved.FullName()+" now.")
		}
	}
	return p.again(r, repo, err, func(s settingsPage) *page.Form { return s.Transfer })
}
