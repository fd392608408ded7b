package teams

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// choice is a box that can be ticked.
type choice struct {
	Value, Name string
	Checked     bool
}

// invitationPage is what those see who invite.
type invitationPage struct {
	Workspace *workspace.Workspace
	Made      string // the address of the invitation that was made just now, shown this once
	Until     workspace.Invitation
	Alive     []workspace.Invitation
	Over      []overInvitation
	Form      *page.Form
	Groups    []choice
	Base      string
}

// overInvitation is one that lets nobody in any more.
type overInvitation struct {
	workspace.Invitation
	Used bool // up; else it has expired
}

func (p *Pages) invitationPage(r *page.Request, w *workspace.Workspace) (*invitationPage, error) {
	base := at(w.Slug, "settings", "invitations")
	c := &invitationPage{Workspace: w, Base: base, Form: r.NewForm(base, "Make the link",
		page.Field{Name: "role", Label: "Role", Type: "select", Options: roleOptions(workspace.Member, true)},
		page.Field{Name: "days", Label: "Days that it works", Type: "number", Required: true, Min: 1, Max: workspace.MaxInvitationDays, Value: "7"},
		page.Field{Name: "uses", Label: "People that it lets in", Type: "number", Required: true, Min: 1, Max: workspace.MaxInvitationUses, Value: "1"},
		page.Field{Name: "note", Label: "Note", Max: 100, Help: "For you and the other owners: whom it is for."})}
	list, err := p.Workspaces.ListInvitations(r.Context(), w)
	if err != nil {
		return nil, err
	}
	now := p.Workspaces.Now()
	for _, i := range list {
		if i.Alive(now) {
			c.Alive = append(c.Alive, i)
		} else if len(c.Over) < page.PageLength {
			c.Over = append(c.Over, overInvitation{i, i.Left() <= 0})
		}
	}
	groups, _, err := p.Workspaces.ListGroups(r.Context(), w.ID, "", rest.Paging{Page: 1, Pagelen: rest.MaxPagelen})
	for _, g := range groups {
		c.Groups = append(c.Groups, choice{g.Slug, g.Name, slices.Contains(r.Form["groups"], g.Slug)})
	}
	return c, err
}

func (p *Pages) renderInvitations(r *page.Request, c *invitationPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "invitations", Title: "Invitations to " + c.Workspace.Name, Section: "workspaces",
		Trail: trail(r, c.Workspace), Tabs: page.SettingsTabs(c.Workspace.Slug, r.URL.Path), Content: c})
}

func (p *Pages) invitations(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	c, err := p.invitationPage(r, &w)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderInvitations(r, c)
}

// invite makes an invitation. Its address is in this answer, and nowhere else.
func (p *Pages) invite(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	role, _ := workspace.ParseRole(r.Form.Get("role")) // what cannot be read is 0, and refused
	days, _ := strconv.Atoi(r.Form.Get("days"))
	uses, _ := strconv.Atoi(r.Form.Get("uses"))
	made, secret, refused := p.Workspaces.Invite(r.Context(), &w, r.Principal.AccountID(),
		workspace.NewInvitation{Role: role, Groups: r.Form["groups"], Note: r.Form.Get("note"), Days: days, Uses: uses})
	if refused == nil {
		r.Form = nil // the next one begins anew
	}
	c, err := p.invitationPage(r, &w)
	if err != nil {
		return page.Answer{}, err
	}
	if refused != nil {
		return r.Again(c.Form, gone(refused, reason.WorkspaceNotFound), func() (page.Answer, error) { return p.renderInvitations(r, c) })
	}
	c.Made, c.Until = p.Workspaces.InvitationURL(secret), made
	a, err := p.renderInvitations(r, c)
	a.Status = 201
	return a, err
}

func (p *Pages) revokeInvitation(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	err := p.Workspaces.RevokeInvitation(r.Context(), w.ID, r.Form.Get("id"))
	if err != nil && !errors.Is(err, workspace.ErrNotFound) { // gone is what was asked for
		return page.Answer{}, err
	}
	return r.Done(at(w.Slug, "settings", "invitations"), "The invitation is revoked. Its link leads nowhere now.")
}

// invited is what the holder of an invitation sees.
type invited struct {
	workspace.Invitation
	What   string // what the role is
	Accept *page.Form
	New    *page.Form // makes an account; nil where that is not to be had
	SignIn string
}

// invited is the page of an invitation, with the forms that this visitor can use. A *rest.Error says why it is over.
func (p *Pages) invited(r *page.Request) (invited, error) {
	here := at("invitations", r.PathValue("secret"))
	i, err := p.Workspaces.OpenInvitation(r.Context(), r.PathValue("secret"))
	if err != nil {
		return invited{}, err
	}
	c := invited{Invitation: i, What: roles[i.Role-1].What, SignIn: "/signin?next=" + here}
	switch {
	case r.Self != nil:
		c.Accept = r.NewForm(here, "Join "+i.Workspace.Slug)
	case p.Workspaces.Rules.NewAccounts:
		c.New = r.NewForm(here+"/account", "Make the account and join",
			page.Field{Name: "email", Label: "E-mail", Type: "email", Direction: "ltr", Autocomplete: "email", Required: true, Max: 254,
				Help: "You sign in with it, and send it along with API tokens."},
			page.Field{Name: "username", Label: "Username", Direction: "ltr", Autocomplete: "username", Required: true, Max: 62,
				Help: "Your name in addresses and for git: letters, digits, _ and -."},
			page.Field{Name: "display_name", Label: "Display name", Autocomplete: "name", Max: 100, Help: "What others see. Left empty, it is the username."},
			page.Field{Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Required: true, Min: 10, Max: 200, Help: "10 to 200 characters."})
	}
	return c, nil
}

func (p *Pages) renderInvited(r *page.Request, c invited) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "invitation", Title: "Invitation to " + c.Workspace.Name, Narrow: true, Content: c})
}

func (p *Pages) invitation(r *page.Request) (page.Answer, error) {
	c, err := p.invited(r)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderInvited(r, c)
}

func (p *Pages) accept(r *page.Request, self *access.Account) (page.Answer, error) {
	i, joined, err := p.Workspaces.Accept(r.Context(), r.PathValue("secret"), self.ID)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(i.Workspace.Slug), welcome(&i, joined))
}

func welcome(i *workspace.Invitation, joined bool) string {
	if !joined {
		return "You belong to this workspace already. The invitation is not used up."
	}
	return fmt.Sprintf("Welcome to %s.", i.Workspace.Name)
}

// acceptAsNew makes an account for the holder of an invitation, and signs in.
func (p *Pages) acceptAsNew(r *page.Request) (page.Answer, error) {
	i, a, err := p.Workspaces.AcceptAsNew(r.Context(), r.PathValue("secret"), account.New{Email: r.Form.Get("email"), Username: r.Form.Get("username"),
		DisplayName: r.Form.Get("display_name"), Password: r.Form.Get("password")})
	if err != nil {
		refused, ok := errors.AsType[*rest.Error](err)
		if !ok || len(refused.Fields) == 0 || r.Self != nil {
			return page.Answer{}, err
		}
		c, failed := p.invited(r)
		if failed != nil || c.New == nil {
			return page.Answer{}, errors.Join(failed, err)
		}
		return r.Again(c.New, err, func() (page.Answer, error) { return p.renderInvited(r, c) })
	}
	if err := r.SignIn(a.ID); err != nil {
		return page.Answer{}, err
	}
	return page.Redirect(at(i.Workspace.Slug)), nil
}
