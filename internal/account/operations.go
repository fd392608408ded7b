package account

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
)

// Operations lists what this room serves.
func (r *Room) Operations() []access.Operation {
	user := &access.Resource[Account]{Name: "user", Params: [2]string{"selected_user"}, Find: r.findUser, NotFound: NotFound}
	const sshKeys, gpgKeys = "/users/{selected_user}/ssh-keys", "/users/{selected_user}/gpg-keys"
	own := r.Own()
	return []access.Operation{
		access.On("GET /user", access.Self, r.getSelf).Answers(Full{}),
		access.On("GET /user/emails", access.Self, r.listEmails).Lists(emailJSON{}),
		access.On("GET /user/emails/{email}", access.Self, r.getEmail).Answers(emailJSON{}),
		access.On("GET /users/{selected_user}", user.Reads(), r.getUser).Answers(Full{}),
		access.On("GET "+sshKeys, own, r.listSSHKeys).Lists(sshKeyJSON{}).Filters(sshKeyFields),
		access.On("POST "+sshKeys, own, r.postSSHKey).Takes(sshkey.Draft{}).Answers(sshKeyJSON{}, http.StatusCreated).
			Asks(access.Parameter{Name: "expires_on", Does: "When the key ends, as RFC 3339; never without it."}),
		access.On("GET "+sshKeys+"/{key_id}", own, r.getSSHKey).Answers(sshKeyJSON{}),
		access.On("PUT "+sshKeys+"/{key_id}", own, r.putSSHKey).Takes(sshkey.Draft{}).Answers(sshKeyJSON{}),
		access.On("DELETE "+sshKeys+"/{key_id}", own, r.deleteSSHKey).Answers(nil),
		access.On("GET "+gpgKeys, own, r.listGPGKeys).Lists(gpgKeyJSON{}),
		access.On("POST "+gpgKeys, own, r.postGPGKey).Takes(gpgKeyBody{}).Answers(gpgKeyJSON{}, http.StatusCreated),
		access.On("GET "+gpgKeys+"/{fingerprint}", own, r.getGPGKey).Answers(gpgKeyJSON{}),
		access.On("DELETE "+gpgKeys+"/{fingerprint}", own, r.deleteGPGKey).Answers(nil),
	}
}

// Own is the need of what people administer each for themselves alone: that the parameter {selected_user} names the caller.
func (r *Room) Own() access.Need[Account] {
	return (&access.Resource[Account]{Name: "account", Params: [2]string{"selected_user"}, Find: r.findOwn, NotFound: NotFound}).Needs(access.Admin)
}

// findUser: accounts are public, as on Bitbucket Cloud; their e-mails are not.
func (r *Room) findUser(ctx context.Context, _ *access.Principal, identifier, _ string) (access.Found[Account], error) {
	a, err := r.Find(ctx, r.DB, identifier)
	if errors.Is(err, ErrNotFound) {
		return access.Found[Account]{}, access.ErrAbsent
	}
	return access.Found[Account]{Value: a, Level: access.Read, Public: true}, err
}

// findOwn is findUser for what people administer each for themselves alone.
func (r *Room) findOwn(ctx context.Context, p *access.Principal, identifier, _ string) (access.Found[Account], error) {
	if p.OfResource() {
		return access.Found[Account]{}, p.NoPerson()
	}
	found, err := r.findUser(ctx, p, identifier, "")
	if err == nil && found.Value.ID == p.AccountID() {
		found.Level = access.Admin
	}
	return found, err
}

// NotFound is the answer (404) to whoever asks for an account that is not there.
func NotFound(identifier, _ string) *rest.Error {
	return rest.Refuse(reason.UserNotFound, "No account has this id, uuid or username.").Naming("user", identifier)
}

// JSON is an account as the API writes it (schema user).
type JSON struct {
	Type        string    `json:"type"`
	UUID        string    `json:"uuid"`
	AccountID   string    `json:"account_id"`
	DisplayName string    `json:"display_name"`
	Nickname    string    `json:"nickname"`
	Links       linksJSON `json:"links"`
}

type linksJSON struct {
	Self   rest.Link `json:"self"`
	Avatar rest.Link `json:"avatar"`
	HTML   rest.Link `json:"html"`
}

// Full is an account as the operations on accounts write it.
type Full struct {
	JSON
	Username      string    `json:"username,omitempty"`
	CreatedOn     rest.Time `json:"created_on"`
	AccountStatus string    `json:"account_status"`
	IsStaff       bool      `json:"is_staff"`
}

// Render is an account inside other objects.
func (r *Room) Render(a *access.Account) JSON {
	id := rest.Braced(a.ID)
	return JSON{Type: "user", UUID: id, AccountID: a.AccountID, DisplayName: a.DisplayName, Nickname: a.Username, Links: linksJSON{
		Self: r.URLs.API("users", id), Avatar: r.URLs.Web("account", a.Username, "avatar"), HTML: r.URLs.Web(id),
	}}
}

// ActorJSON is who did something, in events: an account, or a credential that nobody's account is behind (schema app_user).
type ActorJSON struct {
	JSON
	Kind string `json:"kind,omitempty"` // of such a credential
}

// Actor is who acts in ctx, nil where that is the server itself.
func (r *Room) Actor(ctx context.Context) *ActorJSON {
	p := access.Actor(ctx)
	switch {
	case p == nil || p.Anonymous():
		return nil
	case p.Account != nil:
		return &ActorJSON{JSON: r.Render(p.Account)}
	}
	return &ActorJSON{Kind: string(p.Kind), JSON: JSON{Type: "app_user", UUID: rest.Braced(p.ID), DisplayName: p.Name, Nickname: p.Name}}
}

func (r *Room) full(a Account) Full {
	f := Full{JSON: r.Render(&a.Account), CreatedOn: rest.Time(a.Created), AccountStatus: "active"}
	if !a.Active {
		f.AccountStatus = "closed"
	}
	return f
}

func (r *Room) getSelf(c *access.Call, self *access.Account) (any, error) {
	a, err := one(c.Context(), r.DB, `a.id = $1`, self.ID)
	if err != nil {
		return nil, err
	}
	f := r.full(a)
	f.Username = a.Username
	return f, nil
}

func (r *Room) getUser(_ *access.Call, a Account) (any, error) { return r.full(a), nil }

type emailJSON struct {
	Type        string               `json:"type"`
	Email       string               `json:"email"`
	IsPrimary   bool                 `json:"is_primary"`
	IsConfirmed bool                 `json:"is_confirmed"`
	Links       map[string]rest.Link `json:"links"`
}

// email: every e-mail counts as confirmed, because Pail has no other way to know one than its owner's word.
func (r *Room) email(self *access.Account, email string) emailJSON {
	return emailJSON{Type: "email", Email: email, IsPrimary: email == self.Email, IsConfirmed: true,
		Links: map[string]rest.Link{"self": r.URLs.API("user", "emails", email)}}
}

func (r *Room) listEmails(c *access.Call, self *access.Account) (any, error) {
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	emails, err := r.Emails(c.Context(), self.ID)
	if err != nil {
		return nil, err
	}
	all := make([]emailJSON, len(emails))
	for i, email := range emails {
		all[i] = r.email(self, email)
	}
	return rest.Slice(c.Request, p, all), nil
}

func (r *Room) getEmail(c *access.Call, self *access.Account) (any, error) {
	emails, err := r.Emails(c.Context(), self.ID)
	if err != nil {
		return nil, err
	}
	email := storedEmail(c.Param("email"))
	if !slices.Contains(emails, email) {
		return nil, noSuchEmail()
	}
	return r.email(self, email), nil
}
