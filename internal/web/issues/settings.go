package issues

import (
	"strconv"

	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// kind is a kind of what issues can be of.
type kind struct {
	issue.Labels
	Name, Names string
	of          func(*issue.Issue) string // the name of the one that an issue is of, "" for none
}

var kinds = []kind{
	{issue.Components, "Component", "Components", func(i *issue.Issue) string { return i.Component.Name }},
	{issue.Milestones, "Milestone", "Milestones", func(i *issue.Issue) string { return i.Milestone.Name }},
	{issue.Versions, "Version", "Versions", func(i *issue.Issue) string { return i.Version.Name }},
}

// field is what the API calls it in an issue.
func (k kind) field() string { return k.String() + ".name" }

// settingsPage is what the settings of a tracker show.
type settingsPage struct {
	within
	Turn  *page.Form
	Kinds []*kindPart
}

type kindPart struct {
	kind
	Rows []*labelRow
	Add  *page.Form
}

type labelRow struct {
	issue.Label
	Href           string // of the issues that are of it
	Rename, Delete *page.Form
}

func labelName(value string) page.Field {
	return page.Field{Name: "name", Label: "Name", Value: value, Required: true, Max: issue.MaxLabel}
}

func (p *Pages) settingsContent(r *page.Request, repo *repository.Repository) (*settingsPage, error) {
	to := func(more ...string) string { return address(repo, append([]string{"settings", "issues"}, more...)...) }
	content := &settingsPage{within: about(repo), Turn: r.NewForm(to(), "Switch it on", page.Field{Name: "has_issues", Type: "hidden", Value: "true"})}
	if repo.HasIssues {
		content.Turn = r.NewForm(to(), "Switch it off", page.Field{Name: "has_issues", Type: "hidden", Value: "false"})
		content.Turn.Danger = true
	}
	for _, k := range kinds {
		labels, err := p.Issues.Labels(r.Context(), repo, k.Labels)
		if err != nil {
			return nil, err
		}
		name := k.String()
		part := &kindPart{kind: k, Add: r.NewForm(to(name+"s"), "Add the "+name, labelName("")).Apart(name + "-")}
		for _, l := range labels {
			id, do := number(l.ID), func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
			row := &labelRow{Label: l, Href: listed(repo, kept(map[string][]string{name: {l.Name}, "state": {anyState}}).Encode()),
				Rename: r.NewForm(to(name+"s", id), "Rename", do("rename"), labelName(l.Name)).Apart(name + "-" + id + "-"), Delete: r.NewForm(to(name+"s", id), "Delete", do("delete"))}
			row.Delete.Danger = true
			part.Rows = append(part.Rows, row)
		}
		content.Kinds = append(content.Kinds, part)
	}
	return content, nil
}

func (p *Pages) renderSettings(r *page.Request, repo *repository.Repository, content *settingsPage) (page.Answer, error) {
	return p.render(r, repo, "settings", "settings", "Issue tracker", content)
}

func (p *Pages) settings(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.settingsContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderSettings(r, repo, content)
}

// turn switches the tracker on or off.
func (p *Pages) turn(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	on := r.Form.Get("has_issues") == "true"
	if _, err := p.Repositories.Update(r.Context(), repo, repository.Change{HasIssues: &on}, nil); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "settings", "issues"), map[bool]string{true: "The issue tracker is on.", false: "The issue tracker is off. Its issues stay, and nobody sees them."}[on])
}

// kindIn is the kind that the path names.
func kindIn(r *page.Request) (kind, error) {
	for _, k := range kinds {
		if r.PathValue("labels") == k.String()+"s" {
			return k, nil
		}
	}
	return kind{}, rest.Refuse(reason.ResourceNotFound, "Issues are of components, milestones and versions.")
}

// refusedLabel shows the settings once more after a name was refused. id is the label that it was for; 0 for a new one.
func (p *Pages) refusedLabel(r *page.Request, repo *repository.Repository, k kind, id int64, err error) (page.Answer, error) {
	if !shown(err) {
		return page.Answer{}, err
	}
	content, fault := p.settingsContent(r, repo)
	if fault != nil {
		return page.Answer{}, fault
	}
	for _, part := range content.Kinds {
		if part.String() != k.String() {
			continue
		}
		form := part.Add
		for _, row := range part.Rows {
			if row.ID == id {
				form = row.Rename
			}
		}
		return r.Again(form, err, func() (page.Answer, error) { return p.renderSettings(r, repo, content) })
	}
	return page.Answer{}, err
}

func (p *Pages) addLabel(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	k, err := kindIn(r)
	if err != nil {
		return page.Answer{}, err
	}
	l, err := p.Issues.AddLabel(r.Context(), repo, k.Labels, r.Form.Get("name"))
	if err != nil {
		return p.refusedLabel(r, repo, k, 0, err)
	}
	return r.Done(address(repo, "settings", "issues"), "The "+k.String()+" "+l.Name+" is there.")
}

// onLabel does with a label what its form says.
func (p *Pages) onLabel(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	k, err := kindIn(r)
	if err != nil {
		return page.Answer{}, err
	}
	id, err := strconv.ParseInt(r.PathValue("label"), 10, 64)
	if err != nil {
		return page.Answer{}, notNumber("Labels")
	}
	switch r.Form.Get("do") {
	case "rename":
		if err := p.Issues.RenameLabel(r.Context(), repo, k.Labels, id, r.Form.Get("name")); err != nil {
			return p.refusedLabel(r, repo, k, id, err)
		}
		return r.Done(address(repo, "settings", "issues"), "The "+k.String()+" is renamed.")
	case "delete":
		if err := p.Issues.RemoveLabel(r.Context(), repo, k.Labels, id); err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(repo, "settings", "issues"), "The "+k.String()+" is deleted.")
	}
	return page.Answer{}, rest.InvalidField("do", "rename or delete it")
}
