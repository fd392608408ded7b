package teams

import (
	"errors"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

func (p *Pages) groupForm(r *page.Request, w *workspace.Workspace) *page.Form {
	return r.NewForm(at(w.Slug, "settings", "groups"), "Make the group",
		page.Field{Name: "name", Label: "Name", Required: true, Max: 255},
		page.Field{Name: "slug", Label: "Slug", Max: 62, Direction: "ltr", Help: "Its name in addresses and in the API. Left empty, it is made of the name. It stays."})
}

func (p *Pages) renderGroups(r *page.Request, w *workspace.Workspace, form *page.Form) (page.Answer, error) {
	base := at(w.Slug, "settings", "groups")
	box := r.Search("Find a group")
	list, more, err := p.Workspaces.ListGroups(r.Context(), w.ID, box.Value, paging(r))
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "groups", Title: "Groups of " + w.Name, Section: "workspaces", Trail: trail(r, w), Tabs: page.SettingsTabs(w.Slug, r.URL.Path), Content: struct {
		Groups []workspace.CountedGroup
		Search page.Search
		Pager  page.Pager
		Form   *page.Form
		Base   string
	}{list, box, pager(r, base, more), form, base}})
}

func (p *Pages) groups(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderGroups(r, &w, p.groupForm(r, &w))
}

func (p *Pages) createGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	g, err := p.Workspaces.CreateGroup(r.Context(), w.ID, r.Form.Get("slug"), r.Form.Get("name"))
	if err != nil {
		form := p.groupForm(r, &w)
		return r.Again(form, gone(err, reason.WorkspaceNotFound), func() (page.Answer, error) { return p.renderGroups(r, &w, form) })
	}
	return r.Done(at(w.Slug, "settings", "groups", g.Slug), "The group is made. Add its members.")
}

// groupPage is what the page of a group shows.
type groupPage struct {
	Workspace   *workspace.Workspace
	Group       workspace.Group
	Members     []account.Account
	Search      page.Search
	Pager       page.Pager
	Base        string
	Add, Rename *page.Form
}

// findGroup is the group that the path names.
func (p *Pages) findGroup(r *page.Request, w *workspace.Workspace) (workspace.Group, error) {
	g, err := workspace.GroupBySlug(r.Context(), p.Workspaces.DB, w.ID, r.PathValue("group_slug"))
	if errors.Is(err, workspace.ErrNotFound) {
		return g, rest.Refuse(reason.GroupNotFound, "")
	}
	return g, err
}

func (p *Pages) groupPage(r *page.Request, w *workspace.Workspace, g workspace.Group) (*groupPage, error) {
	base := at(w.Slug, "settings", "groups", g.Slug)
	box := r.Search("Find a member of the group")
	box.Action = base
	list, more, err := p.Workspaces.ListGroupMembers(r.Context(), g.ID, box.Value, paging(r))
	return &groupPage{w, g, list, box, pager(r, base, more), base,
		r.NewForm(base+"/members", "Add to the group", page.Field{Name: "account", Label: "Username", Required: true, Max: 254, Direction: "ltr", Help: "Of a member of the workspace."}),
		r.NewForm(base, "Rename", page.Field{Name: "name", Label: "Name", Required: true, Max: 255, Value: g.Name}),
	}, err
}

func (p *Pages) renderGroup(r *page.Request, c *groupPage) (page.Answer, error) {
	w := c.Workspace
	view := page.View{Template: "group", Title: "Group " + c.Group.Name, Section: "workspaces", Trail: trail(r, w, page.Link{Name: "Groups", Href: at(w.Slug, "settings", "groups")}), Content: c}
	return r.Render(templates, view)
}

func (p *Pages) group(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	g, err := p.findGroup(r, &w)
	if err != nil {
		return page.Answer{}, err
	}
	c, err := p.groupPage(r, &w, g)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderGroup(r, c)
}

// changeGroup makes a change to the group that the path names; which is the form that a refusal stands in.
func (p *Pages) changeGroup(r *page.Request, w *workspace.Workspace, done string, which func(*groupPage) *page.Form, change func(workspace.Group) error) (page.Answer, error) {
	g, err := p.findGroup(r, w)
	if err != nil {
		return page.Answer{}, err
	}
	if refused := change(g); refused != nil {
		c, err := p.groupPage(r, w, g)
		if err != nil {
			return page.Answer{}, err
		}
		return r.Again(which(c), gone(refused, reason.GroupNotFound), func() (page.Answer, error) { return p.renderGroup(r, c) })
	}
	return r.Done(at(w.Slug, "settings", "groups", g.Slug), done)
}

func (p *Pages) renameGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.changeGroup(r, &w, "The group has another name.", func(c *groupPage) *page.Form { return c.Rename },
		func(g workspace.Group) error { return p.Workspaces.RenameGroup(r.Context(), g, r.Form.Get("name")) })
}

func (p *Pages) addToGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.changeGroup(r, &w, "The member is in the group.", func(c *groupPage) *page.Form { return c.Add }, func(g workspace.Group) error {
		m, err := p.named(r, &w)
		if err == nil {
			err = p.Workspaces.AddToGroup(r.Context(), g, m.User.ID)
		}
		if errors.Is(err, workspace.ErrNotFound) {
			return rest.InvalidField("account", notMember)
		}
		return err
	})
}

const notMember = "no member of this workspace has this username"

func (p *Pages) removeFromGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.changeGroup(r, &w, "The member is not in the group any more.", func(c *groupPage) *page.Form { return c.Add }, func(g workspace.Group) error {
		m, err := p.named(r, &w)
		if err == nil {
			err = p.Workspaces.RemoveFromGroup(r.Context(), g, m.User.ID)
		}
		if errors.Is(err, workspace.ErrNotFound) {
			return nil // as was asked for
		}
		return err
	})
}

func groupConfirmation(r *page.Request, w *workspace.Workspace, g *workspace.Group) confirmation {
	return newConfirmation(r, "Delete the group", g.Slug, at(w.Slug, "settings", "groups", g.Slug),
		"What was granted to the group on projects and repositories is granted no more.", "Its members stay in the workspace.")
}

func (p *Pages) confirmDeleteGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	g, err := p.findGroup(r, &w)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderConfirmation(r, trail(r, &w), groupConfirmation(r, &w, &g))
}

func (p *Pages) deleteGroup(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	g, err := p.findGroup(r, &w)
	if err != nil {
		return page.Answer{}, err
	}
	if err = confirmed(r, g.Slug); err == nil {
		err = gone(p.Workspaces.DeleteGroup(r.Context(), g), reason.GroupNotFound)
	}
	if err != nil {
		c := groupConfirmation(r, &w, &g)
		return r.Again(c.Form, err, func() (page.Answer, error) { return p.renderConfirmation(r, trail(r, &w), c) })
	}
	return r.Done(at(w.Slug, "settings", "groups"), "The group is deleted.")
}
