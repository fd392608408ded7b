package teams

import (
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// roles are the choices of a role, in plain words.
var roles = []struct {
	Role workspace.Role
	What string
}{
	{workspace.Collaborator, "reaches what it is granted, and does not see the members"},
	{workspace.Member, "belongs to the workspace, and sees its members"},
	{workspace.Owner, "administers the workspace and everything in it"},
}

// roleOptions are the choices of a role; explained says what each is.
func roleOptions(chosen workspace.Role, explained bool) []page.Option {
	all := make([]page.Option, len(roles))
	for i, one := range roles {
		all[i] = page.Option{Value: one.Role.String(), Name: one.Role.String(), Selected: one.Role == chosen}
		if explained {
			all[i].Name += ": " + one.What
		}
	}
	return all
}

// memberRow is one line of the list.
type memberRow struct {
	workspace.Membership
	Roles []page.Option
	Self  bool
}

func (p *Pages) members(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderMembers(r, &w, "")
}

// renderMembers shows the list, with what is wrong with a change.
func (p *Pages) renderMembers(r *page.Request, w *workspace.Workspace, problem string) (page.Answer, error) {
	box, admin := r.Search("Find a member"), may(r, p.administers())
	box.Action = at(w.Slug, "settings", "members")
	list, more, err := p.Workspaces.ListMembers(r.Context(), w.ID, box.Value, admin, paging(r))
	if err != nil {
		return page.Answer{}, err
	}
	rows := make([]memberRow, len(list))
	for i, m := range list {
		rows[i] = memberRow{m, roleOptions(m.Role, false), m.User.ID == r.Principal.AccountID()}
	}
	view := page.View{Template: "members", Title: "Members of " + w.Name, Section: "workspaces", Trail: trail(r, w), Tabs: p.workspaceTabs(r, w), Content: struct {
		Workspace *workspace.Workspace
		Members   []memberRow
		Search    page.Search
		Pager     page.Pager
		Base      string
		MayAdmin  bool
		Problem   string
	}{w, rows, box, pager(r, box.Action, more), box.Action, admin, problem}}
	if admin {
		view.Tabs = page.SettingsTabs(w.Slug, r.URL.Path)
	}
	return r.Render(templates, view)
}

// membersAgain shows the list after a change in it was refused, with the cause above it.
func (p *Pages) membersAgain(r *page.Request, w *workspace.Workspace, err error) (page.Answer, error) {
	form := &page.Form{}
	return r.Again(form, gone(err, reason.UserNotFound), func() (page.Answer, error) {
		return p.renderMembers(r, w, form.Problems[0])
	})
}

// named is the member of the workspace that a form names.
func (p *Pages) named(r *page.Request, w *workspace.Workspace) (workspace.Membership, error) {
	return p.Workspaces.FindMember(r.Context(), w.ID, r.Form.Get("account"))
}

func (p *Pages) changeRole(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	m, err := p.named(r, &w)
	if err == nil {
		as, _ := workspace.ParseRole(r.Form.Get("role")) // 0, which is refused, for what is none
		err = p.Workspaces.ChangeRole(r.Context(), w.ID, m.User.ID, as)
	}
	if err != nil {
		return p.membersAgain(r, &w, err)
	}
	return r.Done(p.afterwards(r, &w, m.User), m.User.DisplayName+" has another role.")
}

func (p *Pages) removeMember(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	m, err := p.named(r, &w)
	if err == nil {
		err = p.Workspaces.RemoveMember(r.Context(), w.ID, m.User.ID)
	}
	if err != nil {
		return p.membersAgain(r, &w, err)
	}
	return r.Done(p.afterwards(r, &w, m.User), m.User.DisplayName+" is no member any more.")
}

// afterwards is where to go on after a change to a member: who changed oneself may not see the list any more.
func (p *Pages) afterwards(r *page.Request, w *workspace.Workspace, changed account.Account) string {
	if changed.ID == r.Principal.AccountID() {
		return "/workspaces"
	}
	return at(w.Slug, "settings", "members")
}

// leave takes the visitor out of the workspace.
func (p *Pages) leave(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	err := p.Workspaces.RemoveMember(r.Context(), w.ID, r.Principal.AccountID())
	if err = gone(err, reason.UserNotFound); err != nil {
		return page.Answer{}, err
	}
	return r.Done("/workspaces", "You have left the workspace "+w.Slug+".")
}
