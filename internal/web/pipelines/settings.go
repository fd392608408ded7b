package pipelines

import (
	"errors"

	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// settingsPage is what the set-up of pipelines shows.
type settingsPage struct {
	within
	Enabled      bool
	Turn         *page.Form
	Environments []*environmentRow
	Add          *page.Form
}

type environmentRow struct {
	pipeline.Environment
	Variables    string // address
	Edit, Delete *page.Form
}

// environmentFields are those of a form about an environment.
func environmentFields(e *pipeline.Environment) []page.Field {
	kind := page.Field{Name: "environment_type.name", Label: "For", Type: "select", Required: true}
	for _, k := range pipeline.EnvironmentKinds() {
		kind.Options = append(kind.Options, page.Option{Value: k, Name: k, Selected: k == e.Kind})
	}
	return []page.Field{{Name: "name", Label: "Name", Value: e.Name, Required: true, Max: 255}, kind,
		{Name: "admin_only", Label: "Only administrators deploy to it", Type: "checkbox", Value: "true", Checked: e.AdminOnly, Help: "A step for it waits until one of them starts it."}}
}

func (p *Pages) settingsContent(r *page.Request, repo *repository.Repository) (*settingsPage, error) {
	to := func(more ...string) string {
		return address(repo, append([]string{"settings", "pipelines"}, more...)...)
	}
	content := &settingsPage{within: p.about(r, repo, "settings", "pipelines"), Turn: r.NewForm(to(), "Switch them on", page.Field{Name: "enabled", Type: "hidden", Value: "true"}),
		Add: r.NewForm(to("environments"), "Add the environment", environmentFields(&pipeline.Environment{})...)}
	var err error
	if content.Enabled, err = p.Pipelines.Enabled(r.Context(), repo); err != nil {
		return nil, err
	}
	if content.Enabled {
		content.Turn = r.NewForm(to(), "Switch them off", page.Field{Name: "enabled", Type: "hidden", Value: "false"})
		content.Turn.Danger = true
	}
	all, err := p.Pipelines.Environments(r.Context(), repo)
	for i := range all {
		do := func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
		row := &environmentRow{Environment: all[i], Variables: to("environments", all[i].Slug, "variables"),
			Edit: r.NewForm(to("environments", all[i].Slug), "Save", append(environmentFields(&all[i]), do("change"))...).Apart(all[i].ID + "-"), Delete: r.NewForm(to("environments", all[i].Slug), "Delete", do("delete"))}
		row.Delete.Danger = true
		content.Environments = append(content.Environments, row)
	}
	return content, err
}

func (p *Pages) renderSettings(r *page.Request, repo *repository.Repository, content *settingsPage) (page.Answer, error) {
	return p.render(r, repo, "settings", "settings", "Pipelines", content)
}

func (p *Pages) settings(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.settingsContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderSettings(r, repo, content)
}

// turn switches pipelines on or off.
func (p *Pages) turn(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	on := r.Form.Get("enabled") == "true"
	if err := p.Pipelines.Enable(r.Context(), repo, on); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "settings", "pipelines"), map[bool]string{true: "Pipelines are on: the next push starts one.", false: "Pipelines are off. What runs goes on to its end."}[on])
}

// environment is the one that the path names, by its slug.
func (p *Pages) environment(r *page.Request, repo *repository.Repository) (pipeline.Environment, error) {
	all, err := p.Pipelines.Environments(r.Context(), repo)
	for _, e := range all {
		if e.Slug == r.PathValue("environment") {
			return e, nil
		}
	}
	if err == nil {
		err = rest.Refuse(reason.ResourceNotFound, "The repository has no environment of this name.")
	}
	return pipeline.Environment{}, err
}

func sentEnvironment(r *page.Request, id string) pipeline.Environment {
	return pipeline.Environment{ID: id, Name: r.Form.Get("name"), Kind: r.Form.Get("environment_type.name"), AdminOnly: r.Form.Get("admin_only") == "true"}
}

func (p *Pages) addEnvironment(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	return p.saveEnvironment(r, repo, sentEnvironment(r, ""), "The environment is there.")
}

// saveEnvironment writes an environment, or shows the settings once more with what is wrong with it.
func (p *Pages) saveEnvironment(r *page.Request, repo *repository.Repository, e pipeline.Environment, said string) (page.Answer, error) {
	err := p.Pipelines.SaveEnvironment(r.Context(), repo, e)
	if _, refused := errors.AsType[*rest.Error](err); !refused {
		if err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(repo, "settings", "pipelines"), said)
	}
	content, fault := p.settingsContent(r, repo)
	if fault != nil {
		return page.Answer{}, fault
	}
	form := content.Add
	for _, row := range content.Environments {
		if row.ID == e.ID {
			form = row.Edit
		}
	}
	r.As(address(repo, "settings", "pipelines"), nil)
	return r.Again(form, err, func() (page.Answer, error) { return p.renderSettings(r, repo, content) })
}

// onEnvironment does with an environment what its form says.
func (p *Pages) onEnvironment(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	e, err := p.environment(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	switch r.Form.Get("do") {
	case "change":
		return p.saveEnvironment(r, repo, sentEnvironment(r, e.ID), "The environment is changed.")
	case "delete":
		if err := p.Pipelines.RemoveEnvironment(r.Context(), repo, e.ID); err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(repo, "settings", "pipelines"), "The environment is deleted, with its variables.")
	}
	return page.Answer{}, rest.InvalidField("do", "change or delete it")
}
