package teams

import (
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

func settingsForm(r *page.Request, w *workspace.Workspace) *page.Form {
	return r.NewForm(at(w.Slug, "settings"), "Save",
		page.Field{Name: "name", Label: "Name", Required: true, Max: 255, Value: w.Name, Help: "What people see. In addresses it stays " + w.Slug + "."},
		page.Field{Name: "is_private", Label: "Private workspace", Type: "checkbox", Value: "yes", Checked: w.Private,
			Help: "Only who belongs to it sees that it exists. Its public repositories are seen by everybody all the same."},
		page.Field{Name: "is_privacy_enforced", Label: "Keep everything in it private", Type: "checkbox", Value: "yes", Checked: w.PrivacyEnforced,
			Help: "No project and no repository in it can be made public, by whomever."})
}

func (p *Pages) renderSettings(r *page.Request, w *workspace.Workspace, form *page.Form) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "settings", Title: "Settings of " + w.Name, Section: "workspaces", Trail: trail(r, w), Tabs: page.SettingsTabs(w.Slug, r.URL.Path), Content: struct {
		Workspace *workspace.Workspace
		Form      *page.Form
		Delete    string
	}{w, form, at(w.Slug, "settings", "delete")}})
}

func (p *Pages) settings(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderSettings(r, &w, settingsForm(r, &w))
}

func (p *Pages) changeSettings(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	name, private, enforced := r.Form.Get("name"), r.Form.Has("is_private"), r.Form.Has("is_privacy_enforced")
	_, err := p.Workspaces.UpdateWorkspace(r.Context(), w.ID, workspace.Change{Name: &name, Private: &private, PrivacyEnforced: &enforced})
	if err = gone(err, reason.WorkspaceNotFound); err != nil {
		form := settingsForm(r, &w)
		return r.Again(form, err, func() (page.Answer, error) { return p.renderSettings(r, &w, form) })
	}
	return r.Done(at(w.Slug, "settings"), "The settings are saved.")
}

func deleteConfirmation(r *page.Request, w *workspace.Workspace) confirmation {
	return newConfirmation(r, "Delete the workspace", w.Slug, at(w.Slug, "settings"),
		"Its projects, groups, memberships and invitations are deleted.",
		"Its access tokens and OAuth consumers stop working.",
		"A workspace that still holds repositories is not deleted: they go first, one by one.")
}

func (p *Pages) confirmDelete(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderConfirmation(r, trail(r, &w), deleteConfirmation(r, &w))
}

func (p *Pages) deleteWorkspace(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	err := confirmed(r, w.Slug)
	if err == nil {
		err = gone(p.Workspaces.DeleteWorkspace(r.Context(), w.ID), reason.WorkspaceNotFound)
	}
	if err != nil {
		c := deleteConfirmation(r, &w)
		return r.Again(c.Form, err, func() (page.Answer, error) { return p.renderConfirmation(r, trail(r, &w), c) })
	}
	return r.Done("/workspaces", "The workspace "+w.Slug+" is deleted.")
}
