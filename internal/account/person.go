package account

import (
	"context"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// Person is who did something: an account, or a credential that belongs to none.
type Person struct {
	Account    *Account // nil: it is gone, or there was none
	Credential string   // the id of a credential without an account; ""
	Name       string   // of that credential, as it was
}

// PersonOf is who acts as p; nobody for nil.
func PersonOf(p *access.Principal) Person {
	switch {
	case p == nil || p.Anonymous():
		return Person{}
	case p.Account != nil:
		return Person{Account: &Account{Account: *p.Account}}
	}
	return Person{Credential: p.ID, Name: p.Name}
}

// ID is the account's id as the store keeps it, NULL for none.
func (p Person) ID() any {
	if p.Account == nil {
		return nil
	}
	return p.Account.ID
}

// Is tells whether a person is who acts as p.
func (p Person) Is(who *access.Principal) bool {
	if p.Account != nil {
		return p.Account.ID == who.AccountID()
	}
	return p.Credential != "" && who.Account == nil && p.Credential == who.ID
}

// Known is an account of which just the id is known; nil for "".
func Known(id string) *Account {
	if id == "" {
		return nil
	}
	return &Account{Account: access.Account{ID: id}}
}

// Meet reads the accounts of which just the ids are known, in one query. One that is gone becomes nil.
func Meet(ctx context.Context, q database.Queryer, people ...**Account) error {
	people = slices.DeleteFunc(people, func(a **Account) bool { return *a == nil })
	ids := make([]string, len(people))
	for i, a := range people {
		ids[i] = (*a).ID
	}
	found, err := ByIDs(ctx, q, ids)
	for _, a := range people {
		*a = found[(*a).ID]
	}
	return err
}

// PersonJSON is an account, or a credential that belongs to none (schemas user and app_user).
type PersonJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	AccountID   string               `json:"account_id,omitempty"`
	DisplayName string               `json:"display_name"`
	Nickname    string               `json:"nickname"`
	Links       map[string]rest.Link `json:"links,omitempty"`
}

// RenderPerson is nil for nobody.
func (r *Room) RenderPerson(p Person) *PersonJSON {
	switch {
	case p.Account != nil:
		a := r.Render(&p.Account.Account)
		return &PersonJSON{Type: a.Type, UUID: a.UUID, AccountID: a.AccountID, DisplayName: a.DisplayName, Nickname: a.Nickname,
			Links: map[string]rest.Link{"self": a.Links.Self, "avatar": a.Links.Avatar, "html": a.Links.HTML}}
	case p.Credential != "":
		return &PersonJSON{Type: "app_user", UUID: rest.Braced(p.Credential), DisplayName: p.Name, Nickname: p.Name}
	}
	return nil
}
