package code

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// settingsPage is what the settings of a repository show.
type settingsPage struct {
	within
	Form, Transfer, Delete *page.Form
	Parts                  []page.Link // the other pages of settings
}

// maxChoices is how many branches a list to choose from may have.
const maxChoices = 100

func (p *Pages) settingsForms(r *page.Request, repo *repository.Repository) (settingsPage, error) {
	content := settingsPage{within: within{repo, address(repo)}}
	content.Form = r.NewForm(address(repo, "settings"), "Save",
		page.Field{Name: "name", Label: "Name", Value: repo.Name, Required: true, Max: 255, Help: "A new name changes the address too. Clones keep the old one: change it with git remote set-url."},
		page.Field{Name: "description", Label: "Description", Type: "textarea", Value: repo.Description, Max: 10000},
		page.Field{Name: "is_private", Label: "Private: only those who have access see it", Type: "checkbox", Value: "true", Checked: repo.Private},
		page.Field{Name: "has_wiki", Label: "Wiki: pages that people write together, beside the code", Type: "checkbox", Value: "true", Checked: repo.HasWiki, Help: "Switched off, it keeps what it holds."},
		page.Field{Name: "fork_policy", Label: "Forks", Type: "select", Required: true, Options: []page.Option{
			{Value: repository.AllowForks, Name: "Whoever may read it may fork it", Selected: repo.ForkPolicy == repository.AllowForks},
			{Value: repository.NoPublicForks, Name: "Its forks are private", Selected: repo.ForkPolicy == repository.NoPublicForks},
			{Value: repository.NoForks, Name: "No forks", Selected: repo.ForkPolicy == repository.NoForks}}})
	content.Parts = []page.Link{{Name: "Permissions", Href: address(repo, "settings", "permissions")}, {Name: "Branches", Href: address(repo, "settings", "branches")},
		{Name: "Default reviewers", Href: address(repo, "settings", "default-reviewers")}, {Name: "Pipelines", Href: address(repo, "settings", "pipelines")}, {Name: "Issue tracker", Href: address(repo, "settings", "issues")},
		{Name: "Access tokens", Href: address(repo, "settings", "access-tokens")}, {Name: "Deploy keys", Href: address(repo, "settings", "deploy-keys")},
		{Name: "Webhooks", Href: address(repo, "settings", "webhooks")}}
	if repo.MainBranch != "" {
		branches, err := p.Repositories.Branches(r.Context(), repo, "", 0, maxChoices)
		if err != nil {
			return content, err
		}
		field := page.Field{Name: "mainbranch.name", Label: "Main branch", Direction: "ltr", Value: repo.MainBranch, Required: true, Help: "What a clone begins with, and what the overview shows."}
		if !branches.More {
			field.Type = "select"
			for i := range branches.List {
				name := branches.List[i].Short()
				field.Options = append(field.Options, page.Option{Value: name, Name: name, Selected: name == repo.MainBranch})
			}
		}
		content.Form.Fields = append(content.Form.Fields, field)
	}
	places, err := p.Workspaces.PlacesWith(r.Context(), r.Principal, access.CreateRepo)
	if err != nil {
		return content, err
	}
	places = slices.DeleteFunc(places, func(one workspace.Project) bool { return one.Workspace.ID == repo.Workspace.ID })
	if len(places) > 0 {
		content.Transfer = r.NewForm(address(repo, "settings", "transfer"), "Transfer the repository", placeField(places),
			page.Field{Name: "moved", Label: "The repository's full name, " + repo.FullName(), Direction: "ltr", Autocomplete: "off", Required: true})
		content.Transfer.Danger = true
	}
	content.Delete = r.NewForm(address(repo, "settings", "delete"), "Delete the repository for good",
		page.Field{Name: "confirm", Label: "The repository's full name, " + repo.FullName(), Direction: "ltr", Autocomplete: "off", Required: true})
	content.Delete.Danger = true
	return content, nil
}

func (p *Pages) settings(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.settingsForms(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "settings", "settings", "Settings", content)
}

// again shows the settings once more after one of their two forms was refused.
func (p *Pages) again(r *page.Request, repo *repository.Repository, refused error, which func(settingsPage) *page.Form) (page.Answer, error) {
	content, err := p.settingsForms(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Again(which(content), refused, func() (page.Answer, error) {
		return p.render(r, repo, "settings", "settings", "Settings", content)
	})
}

func (p *Pages) change(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	name, description, private, wiki := r.Form.Get("name"), page.Lines(r.Form.Get("description")), r.Form.Get("is_private") == "true", r.Form.Get("has_wiki") == "true"
	change := repository.Change{Name: &name, Description: &description, Private: &private, HasWiki: &wiki}
	if policy := r.Form.Get("fork_policy"); policy != "" {
		change.ForkPolicy = &policy
	}
	if branch := r.Form.Get("mainbranch.name"); branch != "" {
		change.MainBranch = &branch
	}
	changed, err := p.Repositories.Update(r.Context(), repo, change, nil)
	if err != nil {
		return p.again(r, repo, err, func(s settingsPage) *page.Form { return s.Form })
	}
	said := "The settings are saved."
	if changed.Slug != repo.Slug {
		said = "The settings are saved. The repository's address is now " + changed.FullName() + "."
	}
	return r.Done(address(changed, "settings"), said)
}

func (p *Pages) delete(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	if !strings.EqualFold(strings.TrimSpace(r.Form.Get("confirm")), repo.FullName()) {
		return p.again(r, repo, rest.InvalidField("confirm", "enter "+repo.FullName()+" to delete it"), func(s settingsPage) *page.Form { return s.Delete })
	}
	if err := p.Repositories.Delete(r.Context(), repo); err != nil {
		return page.Answer{}, err
	}
	return r.Done(rest.URLs{}.Web(repo.Workspace.Slug, "repositories").Href, "The repository "+repo.FullName()+" is deleted.")
}
