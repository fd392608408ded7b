package issue

import (
	"context"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// Person is who did something: an account, or a credential that belongs to none.
type Person struct {
	Account    *account.Account // nil: it is gone, or there was none
	Credential string           // the id of a credential without an account; ""
	Name       string           // of that credential, as it was
}

// personOf is who acts as p; nobody for nil.
func personOf(p *access.Principal) Person {
	switch {
	case p == nil || p.Anonymous():
		return Person{}
	case p.Account != nil:
		return Person{Account: &account.Account{Account: *p.Account}}
	}
	return Person{Credential: p.ID, Name: p.Name}
}

// id is the account's id as the store keeps it, NULL for none.
func (p Person) id() any {
	if p.Account == nil {
		return nil
	}
	return p.Account.ID
}

// is tells whether a person is who acts as p.
func (p Person) is(who *access.Principal) bool {
	if p.Account != nil {
		return p.Account.ID == who.AccountID()
	}
	return p.Credential != "" && who.Account == nil && p.Credential == who.ID
}

// known is an account of which just the id is known; nil for "".
func known(id string) *account.Account {
	if id == "" {
		return nil
	}
	return &account.Account{Account: access.Account{ID: id}}
}

// meet reads the accounts of which just the ids are known, in one query. One that is gone becomes nil.
func meet(ctx context.Context, q database.Queryer, people ...**account.Account) error {
	people = slices.DeleteFunc(people, func(a **account.Account) bool { return *a == nil })
	ids := make([]string, len(people))
	for i, a := range people {
		ids[i] = (*a).ID
	}
	found, err := account.ByIDs(ctx, q, ids)
	for _, a := range people {
		*a = found[(*a).ID]
	}
	return err
}

// personJSON is an account, or a credential that belongs to none (schemas user and app_user).
type personJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	AccountID   string               `json:"account_id,omitempty"`
	DisplayName string               `json:"display_name"`
	Nickname    string               `json:"nickname"`
	Links       map[string]rest.Link `json:"links,omitempty"`
}

// renderPerson is nil for nobody.
func (room *Room) renderPerson(p Person) *personJSON {
	switch {
	case p.Account != nil:
		a := room.Repositories.Accounts.Render(&p.Account.Account)
		return &personJSON{Type: a.Type, UUID: a.UUID, AccountID: a.AccountID, DisplayName: a.DisplayName, Nickname: a.Nickname,
			Links: map[string]rest.Link{"self": a.Links.Self, "avatar": a.Links.Avatar, "html": a.Links.HTML}}
	case p.Credential != "":
		return &personJSON{Type: "app_user", UUID: rest.Braced(p.Credential), DisplayName: p.Name, Nickname: p.Name}
	}
	return nil
}
