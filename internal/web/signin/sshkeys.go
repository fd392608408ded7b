package signin

import (
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/page"
)

const sshKeysPath = "/account/ssh-keys"

// sshKeysPage is what the page of SSH keys shows.
type sshKeysPage struct {
	Keys []sshKeyRow
	Add  *page.Form
	Host *sshkey.Host // nil: Git over SSH is off
}

// sshKeyRow is one line of the list.
type sshKeyRow struct {
	account.SSHKey
	Name string
	Over bool // it has expired
}

func (p *Pages) sshKeysPage(r *page.Request, self *access.Account) (sshKeysPage, error) {
	all, err := p.Accounts.SSHKeys(r.Context(), self.ID)
	if err != nil {
		return sshKeysPage{}, err
	}
	content := sshKeysPage{Host: p.SSH, Add: r.NewForm(sshKeysPath, "Add the key",
		page.Field{Name: "label", Label: "Label", Max: 255, Help: "Where the key is, such as the name of the computer."},
		page.Field{Name: "key", Label: "Public key", Type: "textarea", Direction: "ltr", Required: true, Max: 16384, Help: "The line of a .pub file, such as ~/.ssh/id_ed25519.pub. ssh-keygen -t ed25519 makes a pair."})}
	for _, k := range all {
		name := k.Label
		if name == "" {
			name = k.Comment
		}
		if name == "" {
			name = "No label"
		}
		content.Keys = append(content.Keys, sshKeyRow{k, name, k.Expired(p.Accounts.Now())})
	}
	return content, nil
}

func (p *Pages) renderSSHKeys(r *page.Request, content sshKeysPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "sshkeys", Title: "SSH keys", Tabs: page.AccountTabs(sshKeysPath), Content: content})
}

func (p *Pages) sshKeys(r *page.Request, self *access.Account) (page.Answer, error) {
	content, err := p.sshKeysPage(r, self)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderSSHKeys(r, content)
}

func (p *Pages) addSSHKey(r *page.Request, self *access.Account) (page.Answer, error) {
	key, label := r.Form.Get("key"), strings.TrimSpace(r.Form.Get("label"))
	k, err := p.Accounts.AddSSHKey(r.Context(), self.ID, sshkey.Draft{Key: &key, Label: &label}, time.Time{})
	if err == nil {
		return r.Done(sshKeysPath, "The key "+k.Fingerprint+" is added.")
	}
	content, missing := p.sshKeysPage(r, self)
	if missing != nil {
		return page.Answer{}, missing
	}
	return r.Again(content.Add, err, func() (page.Answer, error) { return p.renderSSHKeys(r, content) })
}

func (p *Pages) removeSSHKey(r *page.Request, self *access.Account) (page.Answer, error) {
	if err := p.Accounts.RemoveSSHKey(r.Context(), self.ID, r.Form.Get("id")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(sshKeysPath, "The key is removed. Nothing more is served to it, on open connections either.")
}
