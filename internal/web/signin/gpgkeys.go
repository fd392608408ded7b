package signin

import (
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/web/page"
)

const gpgKeysPath = "/account/gpg-keys"

// gpgKeysPage is what the page of GPG keys shows.
type gpgKeysPage struct {
	Keys []account.GPGKey
	Now  time.Time
	Add  *page.Form
}

// Over reports whether a key has ended.
func (p gpgKeysPage) Over(k account.GPGKey) bool {
	return !k.Expires.IsZero() && !p.Now.Before(k.Expires)
}

func (p *Pages) gpgKeysPage(r *page.Request, self *access.Account) (gpgKeysPage, error) {
	all, err := p.Accounts.GPGKeys(r.Context(), self.ID)
	return gpgKeysPage{all, p.Accounts.Now(), r.NewForm(gpgKeysPath, "Add the key",
		page.Field{Name: "key", Label: "Public key", Type: "textarea", Direction: "ltr", Required: true, Max: 131072, Help: "What gpg --armor --export KEY writes."})}, err
}

func (p *Pages) renderGPGKeys(r *page.Request, content gpgKeysPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "gpgkeys", Title: "GPG keys", Tabs: page.AccountTabs(gpgKeysPath), Content: content})
}

func (p *Pages) gpgKeys(r *page.Request, self *access.Account) (page.Answer, error) {
	content, err := p.gpgKeysPage(r, self)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderGPGKeys(r, content)
}

func (p *Pages) addGPGKey(r *page.Request, self *access.Account) (page.Answer, error) {
	k, err := p.Accounts.AddGPGKey(r.Context(), self.ID, r.Form.Get("key"))
	if err == nil {
		return r.Done(gpgKeysPath, "The key "+k.Fingerprint+" is added.")
	}
	content, missing := p.gpgKeysPage(r, self)
	if missing != nil {
		return page.Answer{}, missing
	}
	return r.Again(content.Add, err, func() (page.Answer, error) { return p.renderGPGKeys(r, content) })
}

func (p *Pages) removeGPGKey(r *page.Request, self *access.Account) (page.Answer, error) {
	if err := p.Accounts.RemoveGPGKey(r.Context(), self.ID, r.Form.Get("fingerprint")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(gpgKeysPath, "The key is removed. What it signed is no longer verified.")
}
