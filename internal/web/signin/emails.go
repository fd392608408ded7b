package signin

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/web/page"
)

const emailsPath = "/account/emails"

// emailsPage is what the page of e-mails shows.
type emailsPage struct {
	Emails       []emailRow
	Add, Primary *page.Form // Primary is nil when there is nothing to choose
}

// emailRow is one line of the list.
type emailRow struct {
	Email   string
	Primary bool
}

func (p *Pages) emailsPage(r *page.Request, self *access.Account) (emailsPage, error) {
	all, err := p.Accounts.Emails(r.Context(), self.ID)
	if err != nil {
		return emailsPage{}, err
	}
	password := func(name string) page.Field {
		return page.Field{Name: name, Label: "Password", Type: "password", Autocomplete: "current-password", Required: true, Max: 200}
	}
	content := emailsPage{Add: r.NewForm(emailsPath, "Add the e-mail",
		page.Field{Name: "email", Label: "New e-mail", Type: "email", Direction: "ltr", Autocomplete: "email", Required: true, Max: 254}, password("password"))}
	options := make([]page.Option, len(all))
	for i, email := range all {
		primary := email == self.Email
		content.Emails = append(content.Emails, emailRow{email, primary})
		options[i] = page.Option{Value: email, Name: email, Selected: primary}
	}
	if len(all) > 1 {
		content.Primary = r.NewForm(emailsPath+"/primary", "Change the primary e-mail",
			page.Field{Name: "primary", Label: "Primary e-mail", Type: "select", Options: options}, password("primary_password"))
	}
	return content, nil
}

func (p *Pages) renderEmails(r *page.Request, content emailsPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "emails", Title: "E-mails", Narrow: true, Tabs: page.AccountTabs(emailsPath), Content: content})
}

func (p *Pages) emails(r *page.Request, self *access.Account) (page.Answer, error) {
	content, err := p.emailsPage(r, self)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEmails(r, content)
}

func (p *Pages) addEmail(r *page.Request, self *access.Account) (page.Answer, error) {
	err := p.confirm(r, self, "password")
	if err == nil {
		err = p.Accounts.AddEmail(r.Context(), self.ID, r.Form.Get("email"))
	}
	if err != nil {
		return p.emailsAgain(r, self, err, func(c *emailsPage) *page.Form { return c.Add })
	}
	return r.Done(emailsPath, "The e-mail is added.")
}

func (p *Pages) setPrimaryEmail(r *page.Request, self *access.Account) (page.Answer, error) {
	err := p.confirm(r, self, "primary_password")
	if err == nil {
		err = p.Accounts.SetPrimaryEmail(r.Context(), self.ID, r.Form.Get("primary"))
	}
	if err != nil {
		return p.emailsAgain(r, self, err, func(c *emailsPage) *page.Form { return c.Primary })
	}
	return r.Done(emailsPath, "The primary e-mail is changed. Sign in with it, and send it along with your API tokens, from now on.")
}

func (p *Pages) removeEmail(r *page.Request, self *access.Account) (page.Answer, error) {
	if err := p.Accounts.RemoveEmail(r.Context(), self.ID, r.Form.Get("email")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(emailsPath, "The e-mail is removed.")
}

// emailsAgain shows the page with what is wrong at one of its forms.
func (p *Pages) emailsAgain(r *page.Request, self *access.Account, cause error, which func(*emailsPage) *page.Form) (page.Answer, error) {
	content, err := p.emailsPage(r, self)
	if err != nil {
		return page.Answer{}, err
	}
	form := which(&content)
	if form == nil { // it was sent by hand
		return page.Answer{}, cause
	}
	return r.Again(form, cause, func() (page.Answer, error) { return p.renderEmails(r, content) })
}
