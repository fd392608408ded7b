package code

import (
	"strings"

	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// settingsPage is what the settings of a repository show.
type settingsPage struct {
	within
	Form, Delete *page.Form
}

// maxChoices is how many branches a list to choose from may have.
const maxChoices = 100

func (p *Pages) settingsForms(r *page.Request, repo *repository.Repository) (settingsPage, error) {
	content := settingsPage{within: within{repo, address(repo)}}
	content.Form = r.NewForm(address(repo, "settings"), "Save",
		page.Field{Name: "name", Label: "Name", Value: repo.Name, Required: true, Max: 255, Help: "A new name changes the address too. Clones keep the old one: change it with git remote set-url."},
		page.Field{Name: "description", Label: "Description", Type: "textarea", Value: repo.Description, Max: 10000},
		page.Field{Name: "is_private", Label: "Private: only those who have access see it", Type: "checkbox", Value: "true", Checked: repo.Private})
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
	name, description, private := r.Form.Get("name"), lines(r.Form.Get("description")), r.Form.Get("is_private") == "true"
	change := repository.Change{Name: &name, Description: &description, Private: &private}
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
