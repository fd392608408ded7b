package signin

import (
	"errors"
	"net/http"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// profilePage is what the profile shows.
type profilePage struct {
	Account    account.Account
	Identities []account.LinkedIdentity
	Name       *page.Form
}

func (p *Pages) profilePage(r *page.Request, self *access.Account) (profilePage, error) {
	a, err := p.Accounts.Find(r.Context(), p.Accounts.DB, self.AccountID)
	if err != nil {
		return profilePage{}, err
	}
	identities, err := p.Accounts.Identities(r.Context(), self.ID)
	return profilePage{
		Account: a, Identities: identities,
		Name: r.NewForm("/account/profile", "Save the name",
			page.Field{Name: "display_name", Label: "Display name", Autocomplete: "name", Required: true, Max: 100, Value: a.DisplayName, Help: "What others see."}),
	}, err
}

func (p *Pages) renderProfile(r *page.Request, content profilePage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "profile", Title: "Profile", Narrow: true, Tabs: page.AccountTabs("/account/profile"), Content: content})
}

func (p *Pages) profile(r *page.Request, self *access.Account) (page.Answer, error) {
	content, err := p.profilePage(r, self)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderProfile(r, content)
}

func (p *Pages) rename(r *page.Request, self *access.Account) (page.Answer, error) {
	err := p.Accounts.Rename(r.Context(), self.ID, r.Form.Get("display_name"))
	if err != nil {
		content, failed := p.profilePage(r, self)
		if failed != nil {
			return page.Answer{}, failed
		}
		return r.Again(content.Name, err, func() (page.Answer, error) { return p.renderProfile(r, content) })
	}
	return r.Done("/account/profile", "The name is changed.")
}

// confirm checks the password of whoever is signed in, before something that a stolen session should not do. A wrong
// one is the fault of the field.
func (p *Pages) confirm(r *page.Request, self *access.Account, field string) error {
	_, err := p.Accounts.Authenticate(r.Context(), self.Email, r.Form.Get(field), access.Address(r.Request))
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.LoginRefused {
		wrong := rest.InvalidField(field, "this is not your password")
		wrong.Status = http.StatusForbidden
		return wrong
	}
	return err
}

func passwordForm(r *page.Request) *page.Form {
	return r.NewForm("/account/password", "Change the password",
		page.Field{Name: "current", Label: "Current password", Type: "password", Autocomplete: "current-password", Required: true, Max: 200},
		newPassword("New password"))
}

func (p *Pages) renderPassword(r *page.Request, form *page.Form) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "password", Title: "Password", Narrow: true, Tabs: page.AccountTabs("/account/password"), Content: form})
}

func (p *Pages) password(r *page.Request, _ *access.Account) (page.Answer, error) {
	return p.renderPassword(r, passwordForm(r))
}

func (p *Pages) changePassword(r *page.Request, self *access.Account) (page.Answer, error) {
	err := p.confirm(r, self, "current")
	if err == nil {
		err = p.Accounts.SetPassword(r.Context(), self.ID, r.Form.Get("password")) // ends all sessions
	}
	if err == nil {
		err = r.SignIn(self.ID)
	}
	if err != nil {
		form := passwordForm(r)
		return r.Again(form, err, func() (page.Answer, error) { return p.renderPassword(r, form) })
	}
	return r.Done("/account/sessions", "The password is changed, and all other sessions have ended.")
}
