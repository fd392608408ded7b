package demo

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/rest"
)

// Ready is the ready file: where everything is, and all secrets of the run.
type Ready struct {
	APIURL      string         `json:"api_url"` // with /2.0 at the end
	WebURL      string         `json:"web_url"`
	Workspace   string         `json:"workspace"`
	Project     string         `json:"project"`
	Repository  string         `json:"repository"`
	Group       string         `json:"group"`
	AccessToken string         `json:"access_token"` // of the repository
	Accounts    []ReadyAccount `json:"accounts"`
}

// ReadyAccount is an account in the ready file.
type ReadyAccount struct {
	Role           string   `json:"role"` // admin, member or outsider
	Email          string   `json:"email"`
	Username       string   `json:"username"`
	AccountID      string   `json:"account_id"`
	UUID           string   `json:"uuid"` // in braces
	Password       string   `json:"password"`
	APIToken       string   `json:"api_token"`
	APITokenScopes []string `json:"api_token_scopes"`
	AppPassword    string   `json:"app_password"`
}

func (w *world) ready() Ready {
	base := w.Config.ExternalURL
	r := Ready{APIURL: base + api.Prefix, WebURL: base, Workspace: workspaceSlug, Project: projectKey, Repository: repositorySlug,
		Group: groupSlug, AccessToken: w.access}
	for _, role := range roles {
		p := w.persons[role]
		r.Accounts = append(r.Accounts, ReadyAccount{Role: string(role), Email: p.account.Email, Username: p.account.Username,
			AccountID: p.account.AccountID, UUID: rest.Braced(p.account.ID), Password: p.password, APIToken: p.apiToken,
			APITokenScopes: p.apiScopes.Names(), AppPassword: p.appPassword})
	}
	return r
}

// writeReady writes the file beside its place and moves it there, so that whoever waits for it finds it whole.
func (w *world) writeReady(path string) (err error) {
	data, err := json.MarshalIndent(w.ready(), "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ready-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeFile(f.Name()))
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
