package consumers

import (
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// application is one line of the list.
type application struct {
	oauth.Application
	Scopes []granted
	Doc    string // of the reason of the last refusal
}

func (p *Pages) applications(r *page.Request, self *access.Account) (page.Answer, error) {
	if err := r.Site.Gate.Recorder.Flush(r.Context()); err != nil {
		return page.Answer{}, err
	}
	all, err := p.OAuth.Applications(r.Context(), self.ID)
	if err != nil {
		return page.Answer{}, err
	}
	rows := make([]application, len(all))
	for i, a := range all {
		rows[i] = application{a, explain(a.Credential.Scopes), a.LastRefusedReason.DocPath()}
	}
	return r.Render(templates, page.View{Template: "applications", Title: "Applications", Tabs: page.AccountTabs("/account/applications"), Content: rows})
}

func (p *Pages) revoke(r *page.Request, self *access.Account) (page.Answer, error) {
	id, ok := rest.Unbraced(r.Form.Get("id"))
	if !ok {
		return page.Answer{}, rest.MissingField("id")
	}
	err := p.OAuth.Revoke(r.Context(), self.ID, id)
	if err != nil && !errors.Is(err, oauth.ErrNotFound) { // it is over already, which is what was asked for
		return page.Answer{}, err
	}
	return r.Done("/account/applications", "The application's access is taken back. Its tokens are refused from now on.")
}
