package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"pgregory.net/rapid"
)

const issuer = "https://id.example"

func code(err error) reason.Code {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		return e.Reason
	}
	return reason.Code(fmt.Sprint(err))
}

func person(subject, email string) account.Identity {
	return account.Identity{Issuer: issuer, Subject: subject, Email: email, EmailVerified: true, Name: "Ada Lovelace", Username: "ada"}
}

func TestSignInWith(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		ctx := context.Background()
		create := account.IdentityRules{Create: true}
		if _, err := s.Accounts.SignInWith(ctx, person("1", "ada@id.example"), create); code(err) != reason.OIDCAccountMissing {
			t.Errorf("before the set-up: %v", err)
		}
		ada := s.Account("ada")

		// What is refused leaves nothing behind.
		before := s.Store()
		unverified := person("2", ada.Email)
		unverified.EmailVerified = false
		for _, tc := range []struct {
			name  string
			i     account.Identity
			rules account.IdentityRules
			want  reason.Code
		}{
			{"not verified", unverified, create, reason.OIDCEmailUnverified},
			{"no e-mail", person("2", ""), create, reason.OIDCEmailMissing},
			{"no address", person("2", "ada"), create, reason.OIDCEmailMissing},
			{"hostile address", person("2", "a\x00\"<script>@id.example"), create, reason.OIDCEmailMissing},
			{"another domain", person("2", ada.Email), account.IdentityRules{Domains: []string{"other.example"}}, reason.OIDCDomainNotAllowed},
			{"a domain that ends alike", person("2", "x@evil-acme.example"), account.IdentityRules{Create: true, Domains: []string{"acme.example"}}, reason.OIDCDomainNotAllowed},
			{"nobody's e-mail", person("2", "new@acme.example"), account.IdentityRules{}, reason.OIDCAccountMissing},
			{"no subject", person("", ada.Email), create, reason.OIDCTokenInvalid},
			{"long subject", person(strings.Repeat("x", 256), ada.Email), create, reason.OIDCTokenInvalid},
			{"unprintable subject", person("a\x00", ada.Email), create, reason.OIDCTokenInvalid},
		} {
			if _, err := s.Accounts.SignInWith(ctx, tc.i, tc.rules); code(err) != tc.want {
				t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
			}
		}
		if s.Store() != before {
			t.Error("a refusal left something in the store")
		}

		// By e-mail the first time, by subject from then on.
		a, err := s.Accounts.SignInWith(ctx, person("1", " ADA@acme.example "), account.IdentityRules{Domains: []string{"acme.example"}})
		if err != nil || a.ID != ada.ID {
			t.Fatalf("%+v, %v", a, err)
		}
		moved := person("1", "elsewhere@other.example")
		moved.EmailVerified = false
		if a, err = s.Accounts.SignInWith(ctx, moved, account.IdentityRules{Domains: []string{"acme.example"}}); err != nil || a.ID != ada.ID || a.Email != ada.Email {
			t.Errorf("after the e-mail changed at the provider: %+v, %v", a, err)
		}
		if _, err := s.Accounts.SignInWith(ctx, person("2", ada.Email), create); code(err) != reason.OIDCAccountLinked {
			t.Errorf("somebody else with the old e-mail: %v", err)
		}
		second := person("2", ada.Email)
		second.Issuer = "https://other.example"
		if a, err = s.Accounts.SignInWith(ctx, second, create); err != nil || a.ID != ada.ID {
			t.Errorf("the same person at another provider: %+v, %v", a, err)
		}
		list, err := s.Accounts.Identities(ctx, ada.ID)
		if err != nil || len(list) != 2 || list[0].Issuer != issuer || list[0].Email != "elsewhere@other.example" || list[0].Used.Before(list[0].Created) {
			t.Errorf("%+v, %v", list, err)
		}

		// A new account has no password, and a name that is free.
		made, err := s.Accounts.SignInWith(ctx, account.Identity{Issuer: issuer, Subject: "3", Email: "x@y.example", EmailVerified: true, Username: "ACME-ada"}, create)
		if err != nil || made.Username != "ACME-ada-2" || made.DisplayName != made.Username || made.Admin {
			t.Errorf("%+v, %v", made, err)
		}
		for _, password := range []string{"", pailtest.Password} {
			if _, err := s.Accounts.Authenticate(ctx, "x@y.example", password, "192.0.2.1"); code(err) != reason.LoginRefused {
				t.Errorf("a password of an account without one: %v", err)
			}
		}

		s.Exec(`UPDATE account SET is_active = FALSE WHERE id = $1`, ada.ID)
		if _, err := s.Accounts.SignInWith(ctx, person("1", ada.Email), create); code(err) != reason.AccountDeactivated {
			t.Errorf("a deactivated account: %v", err)
		}
		s.Exec(`DELETE FROM identity WHERE account_id = $1`, ada.ID)
		if _, err := s.Accounts.SignInWith(ctx, person("1", ada.Email), create); code(err) != reason.AccountDeactivated {
			t.Errorf("a deactivated account, the first time: %v", err)
		}
		s.Exec(`UPDATE account SET is_active = TRUE WHERE id = $1`, ada.ID)
		if _, err := s.Accounts.SignInWith(ctx, person("2", ada.Email), create); err != nil {
			t.Errorf("after the link was taken away: %v", err)
		}
		if _, err := s.Gate.StartSession(ctx, ada.ID, "", ""); err != nil {
			t.Fatal(err)
		}
		if err := s.Accounts.Unlink(ctx, ada.ID); err != nil {
			t.Error(err)
		}
		if err := s.Accounts.Unlink(ctx, ada.ID); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("nothing to unlink: %v", err)
		}
		if store := s.Store(); strings.Contains(store, "identity account_id="+ada.ID) || strings.Contains(store, "session hash") {
			t.Error("something is left")
		}
	})
}

// TestSignInWithEmailOfOthers: an e-mail that somebody added to theirs does not lead its owner into that account.
func TestSignInWithEmailOfOthers(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		mallory := s.Account("admin")
		if err := s.Accounts.AddEmail(t.Context(), mallory.ID, "ada@acme.example"); err != nil {
			t.Fatal(err)
		}
		ada, err := s.Accounts.SignInWith(t.Context(), person("ada", "ada@acme.example"), account.IdentityRules{Create: true})
		if err != nil || ada.ID == mallory.ID {
			t.Fatal(ada, err)
		}
		for id, want := range map[string]string{ada.ID: "ada@acme.example", mallory.ID: mallory.Email} {
			if emails, err := s.Accounts.Emails(t.Context(), id); err != nil || len(emails) != 1 || emails[0] != want {
				t.Errorf("%v, %v, want %s", emails, err, want)
			}
		}
	})
}

// TestSignInRace: many identities with one e-mail sign in for the first time at once; one gets the account. The same
// identity many times at once always gets in.
func TestSignInRace(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		s.Account("admin")
		for _, existing := range []bool{true, false} {
			email := fmt.Sprintf("race-%t@acme.example", existing)
			if existing {
				s.Account("race-true")
			}
			const n = 8
			errs, owners := make([]error, 2*n), make([]string, 2*n)
			var wg sync.WaitGroup
			for i := range 2 * n {
				wg.Go(func() {
					a, err := s.Accounts.SignInWith(context.Background(), person(fmt.Sprint(email, i/2), email), account.IdentityRules{Create: true})
					errs[i], owners[i] = err, a.ID
				})
			}
			wg.Wait()
			in := map[string]int{}
			for i, err := range errs {
				switch {
				case err == nil:
					in[owners[i]]++
				case code(err) != reason.OIDCAccountLinked:
					t.Errorf("%v", err)
				}
			}
			if len(in) != 1 {
				t.Errorf("the accounts that were opened: %v", in)
			}
			for _, times := range in {
				if times != 2 {
					t.Errorf("one subject signed in twice, and got in %d times", times)
				}
			}
		}
	})
}

func TestUsernames(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	s.Account("admin")
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		i := account.Identity{Issuer: issuer, Subject: fmt.Sprint(n), Email: fmt.Sprintf("u%d@acme.example", n), EmailVerified: true,
			Name: rapid.String().Draw(rt, "name"), Username: rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a", "日本", "-", strings.Repeat("a", 200), "ada@x", "@"})).Draw(rt, "username")}
		a, err := s.Accounts.SignInWith(context.Background(), i, account.IdentityRules{Create: true})
		if err != nil {
			rt.Fatal(err)
		}
		found, err := s.Accounts.Find(context.Background(), s.DB, a.Username)
		if err != nil || found.ID != a.ID || a.DisplayName == "" {
			rt.Errorf("%+v is found as %+v, %v", a, found, err)
		}
	})
}
