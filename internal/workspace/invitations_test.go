package workspace_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/workspace"
)

// refusedAs is the reason of a refusal, "" for no error.
func refusedAs(t testing.TB, err error) reason.Code {
	t.Helper()
	e, ok := errors.AsType[*rest.Error](err)
	if err != nil && !ok {
		t.Fatalf("%v is no refusal", err)
	}
	if !ok {
		return ""
	}
	return e.Reason
}

// invite is an invitation of ada's into acme.
func (a *acme) invite(n workspace.NewInvitation) (workspace.Invitation, string) {
	a.t.Helper()
	i, secret, err := a.room.Invite(a.t.Context(), &a.w, a.person("ada").ID, n)
	must(a.t, err)
	return i, secret
}

func (a *acme) role(username string) workspace.Role {
	a.t.Helper()
	m, err := workspace.MemberOf(a.t.Context(), a.db, a.w.ID, a.person(username).ID)
	if errors.Is(err, workspace.ErrNotFound) {
		return 0
	}
	must(a.t, err)
	return m.Role
}

func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		made, secret := a.invite(workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers", a.developers.ID}, Note: " Mal ", Days: 7, Uses: 1})
		if len(made.Groups) != 1 || made.Note != "Mal" || made.By.Username != "ada" || made.Expires.Sub(made.Created) != 7*24*time.Hour || token.Inspect(secret).Kind != token.Invitation {
			t.Errorf("made %+v", made)
		}
		if url := s.room.InvitationURL(secret); url != "https://pail.example/invitations/"+secret {
			t.Errorf("the address is %s", url)
		}
		open, err := s.room.OpenInvitation(ctx, secret)
		must(t, err)
		if open.Workspace != a.w || open.Role != workspace.Member || open.By.Username != "ada" || len(open.Groups) != 1 || open.Left() != 1 {
			t.Errorf("open %+v", open)
		}
		list, err := s.room.ListInvitations(ctx, &a.w)
		if err != nil || len(list) != 1 || list[0].ID != made.ID || len(list[0].Groups) != 1 || !list[0].Alive(time.Now()) {
			t.Errorf("listed %+v, %v", list, err)
		}
		// The store does not have the secret.
		var hash string
		must(t, s.db.Row(ctx, `SELECT hash FROM invitation`).Scan(&hash))
		if strings.Contains(hash, secret[6:20]) || len(hash) != 64 {
			t.Errorf("the store keeps %s", hash)
		}
		// Who has it all already uses nothing up.
		if _, joined, err := s.room.Accept(ctx, secret, s.person("bob").ID); joined || err != nil {
			t.Errorf("bob joined %v, %v", joined, err)
		}
		i, joined, err := s.room.Accept(ctx, secret, s.person("mal").ID)
		if !joined || err != nil || i.Workspace.Slug != "acme" || a.role("mal") != workspace.Member {
			t.Errorf("mal joined %v, %v as %v", joined, err, a.role("mal"))
		}
		members, _, err := s.room.ListGroupMembers(ctx, a.developers.ID, "mal", rest.Paging{Page: 1, Pagelen: 10})
		if err != nil || len(members) != 1 {
			t.Errorf("the group has %v, %v", members, err)
		}
		if _, joined, err := s.room.Accept(ctx, secret, s.person("mal").ID); joined || err != nil {
			t.Errorf("again: %v, %v", joined, err)
		}
		if _, _, err := s.room.Accept(ctx, secret, s.person("kim").ID); refusedAs(t, err) != reason.InvitationUsed || a.role("kim") != 0 {
			t.Errorf("used up: %v", err)
		}
		if _, err := s.room.OpenInvitation(ctx, secret); refusedAs(t, err) != reason.InvitationUsed {
			t.Errorf("used up: %v", err)
		}
	})
}

// A role that somebody has grows by an invitation and does not shrink.
func TestInvitationRaises(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		_, down := a.invite(workspace.NewInvitation{Role: workspace.Collaborator, Groups: []string{"developers"}, Days: 1, Uses: 9})
		_, up := a.invite(workspace.NewInvitation{Role: workspace.Owner, Days: 1, Uses: 9})
		if _, joined, err := s.room.Accept(t.Context(), down, s.person("ada").ID); err != nil || !joined || a.role("ada") != workspace.Owner {
			t.Errorf("ada: %v %v, %v", joined, a.role("ada"), err)
		}
		if _, joined, err := s.room.Accept(t.Context(), up, s.person("eve").ID); err != nil || !joined || a.role("eve") != workspace.Owner {
			t.Errorf("eve: %v %v, %v", joined, a.role("eve"), err)
		}
	})
}

// Unknown, revoked and left behind are one answer; expired and used up are others, for whoever holds the secret.
func TestInvitationsThatAreOver(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		one := workspace.NewInvitation{Role: workspace.Owner, Days: 1, Uses: 1}
		made, revoked := a.invite(one)
		must(t, s.room.RevokeInvitation(ctx, a.w.ID, made.ID))
		for _, id := range []string{made.ID, "", "x", "\x00", "\xff"} {
			if err := s.room.RevokeInvitation(ctx, a.w.ID, id); !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("revoked %q: %v", id, err)
			}
		}
		by := func(name string) string {
			must(t, s.room.AddMember(ctx, a.w.ID, s.person(name).ID, workspace.Owner))
			_, secret, err := s.room.Invite(ctx, &a.w, s.person(name).ID, one)
			must(t, err)
			return secret
		}
		demoted, left, added, inactive := by("bob"), by("eve"), by("kim"), by("joe")
		must(t, s.room.ChangeRole(ctx, a.w.ID, s.person("bob").ID, workspace.Member))
		must(t, s.room.RemoveMember(ctx, a.w.ID, s.person("eve").ID))
		must(t, s.room.AddMember(ctx, a.w.ID, s.person("kim").ID, workspace.Member))
		must(t, s.db.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE account SET is_active = FALSE WHERE username = 'joe'`)
			return err
		}))
		// Back in the chair, old links stay what they are.
		must(t, s.room.ChangeRole(ctx, a.w.ID, s.person("bob").ID, workspace.Owner))
		_, expired := a.invite(one)
		s.now = func() time.Time { return time.Now().Add(24 * time.Hour) }
		_, alive := a.invite(one)
		for secret, want := range map[string]reason.Code{
			revoked: reason.InvitationUnknown, demoted: reason.InvitationUnknown, left: reason.InvitationUnknown, added: reason.InvitationUnknown,
			inactive: reason.InvitationUnknown, "": reason.InvitationUnknown, "x\x00\xff": reason.InvitationUnknown, alive[1:]: reason.InvitationUnknown,
			token.Mint(token.Invitation): reason.InvitationUnknown, expired: reason.InvitationExpired, alive: "",
		} {
			if _, err := s.room.OpenInvitation(ctx, secret); refusedAs(t, err) != want {
				t.Errorf("open: %v, want %s", err, want)
			}
			n := account.New{Email: "new@acme.example", Username: "new", Password: "correct horse battery"}
			if want != "" {
				if _, _, err := s.room.Accept(ctx, secret, s.person("mal").ID); refusedAs(t, err) != want || a.role("mal") != 0 {
					t.Errorf("accept: %v, want %s", err, want)
				}
				if _, _, err := s.room.AcceptAsNew(ctx, secret, n); refusedAs(t, err) != want {
					t.Errorf("accept as new: %v, want %s", err, want)
				}
			}
		}
		if _, err := s.accounts.ByEmail(ctx, "new@acme.example"); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("an account was made: %v", err)
		}
	})
}

func TestAcceptAsNew(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		_, secret := a.invite(workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers"}, Days: 1, Uses: 1})
		n := account.New{Email: "New@acme.example", Username: "new", Password: "correct horse battery", Admin: true}
		short := n
		short.Password = "short"
		if _, _, err := s.room.AcceptAsNew(ctx, secret, short); refusedAs(t, err) != reason.ValueInvalid {
			t.Errorf("short password: %v", err)
		}
		s.room.Rules.NewAccounts = false
		if _, _, err := s.room.AcceptAsNew(ctx, secret, n); refusedAs(t, err) != reason.InvitationNoAccount {
			t.Errorf("no accounts here: %v", err)
		}
		s.room.Rules.NewAccounts = true
		i, made, err := s.room.AcceptAsNew(ctx, secret, n)
		must(t, err)
		if m, err := workspace.MemberOf(ctx, s.db, a.w.ID, made.ID); err != nil || m.Role != workspace.Member || made.Admin || i.Workspace.ID != a.w.ID {
			t.Errorf("%+v of %+v, %v", m, made, err)
		}
		if _, _, err := s.room.AcceptAsNew(ctx, secret, account.New{Email: "b@acme.example", Username: "b", Password: "correct horse battery"}); refusedAs(t, err) != reason.InvitationUsed {
			t.Errorf("used up: %v", err)
		}
	})
}

func TestInviteRefuses(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		other, err := s.room.CreateWorkspace(ctx, "other", "", s.person("mal").ID)
		must(t, err)
		_, err = s.room.CreateGroup(ctx, other.ID, "foreign", "")
		must(t, err)
		good := workspace.NewInvitation{Role: workspace.Member, Days: 1, Uses: 1}
		for field, change := range map[string]func(*workspace.NewInvitation){
			"role":   func(n *workspace.NewInvitation) { n.Role = 0 },
			"days":   func(n *workspace.NewInvitation) { n.Days = 31 },
			"uses":   func(n *workspace.NewInvitation) { n.Uses = 0 },
			"note":   func(n *workspace.NewInvitation) { n.Note = "a\nb" },
			"groups": func(n *workspace.NewInvitation) { n.Groups = []string{"foreign"} },
		} {
			n := good
			change(&n)
			_, _, err := s.room.Invite(ctx, &a.w, s.person("ada").ID, n)
			if e, ok := errors.AsType[*rest.Error](err); !ok || e.Fields[field] == nil {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, name := range []string{"bob", "eve", "mal"} {
			if _, _, err := s.room.Invite(ctx, &a.w, s.person(name).ID, good); !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("%s invites: %v", name, err)
			}
		}
		var last workspace.Invitation
		for range workspace.MaxInvitations {
			last, _ = a.invite(good)
		}
		if _, _, err := s.room.Invite(ctx, &a.w, s.person("ada").ID, good); refusedAs(t, err) != reason.ConflictState {
			t.Errorf("one too many: %v", err)
		}
		must(t, s.room.RevokeInvitation(ctx, a.w.ID, last.ID))
		a.invite(good)
	})
}

// Of those that are over the newer ones are kept, and not more than a few hundred.
func TestInvitationsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		for range 3 {
			for range 90 {
				a.invite(workspace.NewInvitation{Role: workspace.Member, Days: 1, Uses: 1})
			}
			must(t, s.db.Update(ctx, func(tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE invitation SET uses = 1`)
				return err
			}))
		}
		_, alive := a.invite(workspace.NewInvitation{Role: workspace.Member, Days: 1, Uses: 1})
		list, err := s.room.ListInvitations(ctx, &a.w)
		if err != nil || len(list) != 200 || !list[0].Alive(time.Now()) {
			t.Errorf("%d are kept, %v", len(list), err)
		}
		if _, err := s.room.OpenInvitation(ctx, alive); err != nil {
			t.Error(err)
		}
	})
}

// However many people come at once, with an account or without: no more get in than there are uses, everybody else is
// told that it is used up, and nobody is left with an account and no workspace.
func TestInvitationUsesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		for i := range 8 {
			s.person(fmt.Sprintf("p%d", i))
		}
		for round := range 24 {
			ctx := t.Context()
			w, err := s.room.CreateWorkspace(ctx, fmt.Sprintf("w%d", round), "", s.person("ada").ID)
			must(t, err)
			uses, people, strangers := 1+round%4, 1+round*3%8, round%3
			made, secret, err := s.room.Invite(ctx, &w, s.person("ada").ID, workspace.NewInvitation{Role: workspace.Member, Days: 1, Uses: uses})
			must(t, err)
			var in, out atomic.Int64
			count := func(joined bool, err error) {
				switch e, _ := errors.AsType[*rest.Error](err); {
				case err == nil && joined:
					in.Add(1)
				case e != nil && e.Reason == reason.InvitationUsed:
					out.Add(1)
				default:
					t.Errorf("joined %v, %v", joined, err)
				}
			}
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range people {
				wg.Go(func() {
					<-start
					_, joined, err := s.room.Accept(ctx, secret, s.people[fmt.Sprintf("p%d", i)].ID)
					count(joined, err)
				})
			}
			for i := range strangers {
				wg.Go(func() {
					<-start
					name := fmt.Sprintf("stranger-%d-%d", round, i)
					_, _, err := s.room.AcceptAsNew(ctx, secret, account.New{Email: name + "@acme.example", Username: name, Password: "correct horse battery"})
					count(err == nil, err)
				})
			}
			close(start)
			wg.Wait()
			want := int64(min(uses, people+strangers))
			var members, used, lonely int64
			must(t, s.db.Row(ctx, `SELECT COUNT(*) FROM workspace_member WHERE workspace_id = $1 AND role = 2`, w.ID).Scan(&members))
			must(t, s.db.Row(ctx, `SELECT uses FROM invitation WHERE id = $1`, made.ID).Scan(&used))
			must(t, s.db.Row(ctx, `SELECT COUNT(*) FROM account a WHERE a.username LIKE 'stranger%' AND NOT EXISTS
				(SELECT 1 FROM workspace_member m WHERE m.account_id = a.id)`).Scan(&lonely))
			if in.Load() != want || out.Load() != int64(people+strangers)-want || members != want || used != want || lonely != 0 {
				t.Fatalf("of %d and %d strangers %d got in and %d did not with %d uses; %d members, %d used, %d left over", people, strangers, in.Load(), out.Load(), uses, members, used, lonely)
			}
		}
	})
}

// One person who clicks twice uses one place.
func TestInvitationTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		for range 10 {
			made, secret := a.invite(workspace.NewInvitation{Role: workspace.Member, Days: 1, Uses: 5})
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					if _, _, err := s.room.Accept(t.Context(), secret, s.people["mal"].ID); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			var uses int
			must(t, s.db.Row(t.Context(), `SELECT uses FROM invitation WHERE id = $1`, made.ID).Scan(&uses))
			if uses != 1 {
				t.Errorf("%d uses of one person", uses)
			}
			must(t, s.room.RemoveMember(t.Context(), a.w.ID, s.people["mal"].ID))
		}
	})
}
