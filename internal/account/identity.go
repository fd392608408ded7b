package account

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Identity is a person as an OpenID provider knows them. The caller has verified that the provider says so.
type Identity struct {
	Issuer        string
	Subject       string // never changes at the issuer
	Email         string
	EmailVerified bool
	Name          string // what others see; may be ""
	Username      string // what the person would like to be called in addresses; may be ""
}

// IdentityRules say whose first sign-in with an identity is let in.
type IdentityRules struct {
	Create  bool     // make an account where none has the e-mail
	Domains []string // of the e-mail, in lower case; empty: all
}

// maxSubject is how long a subject may be (OpenID Connect Core 1.0, section 2).
const maxSubject = 255

// SignInWith finds the account of an identity. The first time, that is the account which has the identity's verified
// e-mail, or a new one where the rules allow it; from then on the link counts, whatever becomes of the e-mail. A
// *rest.Error with a code of the family oidc, or account.deactivated, says why there is none.
func (r *Room) SignInWith(ctx context.Context, i Identity, rules IdentityRules) (Account, error) {
	if i.Issuer == "" || i.Subject == "" || len(i.Subject) > maxSubject || !printable(i.Subject) {
		return Account{}, rest.Refuse(reason.OIDCTokenInvalid, "The provider names no subject that could be a person's.")
	}
	i.Email = strings.ToLower(strings.TrimSpace(i.Email))
	// Somebody who signs in for the first time at the same moment may take the subject, the e-mail or the name. Then the
	// second look finds what they made.
	for try := 0; ; try++ {
		a, what, err := r.signInWith(ctx, i, rules)
		if database.IsUnique(err) && try < 2 {
			continue
		}
		if err == nil && what != "" {
			r.Log.Info(what, "account", a.ID, "issuer", i.Issuer)
		}
		return a, err
	}
}

// signInWith is one try of SignInWith. what is what the log should know: that something new was made.
func (r *Room) signInWith(ctx context.Context, i Identity, rules IdentityRules) (a Account, what string, err error) {
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		now := database.Micros(r.Now())
		what = ""
		a, err = one(ctx, tx, `a.id = (SELECT account_id FROM identity WHERE issuer = $1 AND subject = $2)`, i.Issuer, i.Subject)
		if err == nil {
			if !a.Active {
				return deactivated()
			}
			_, err = tx.Exec(ctx, `UPDATE identity SET used_on = $3, email = $4 WHERE issuer = $1 AND subject = $2`, i.Issuer, i.Subject, now, clean(i.Email))
			return err
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := i.mayLink(rules); err != nil {
			return err
		}
		what = "an identity was linked to an account"
		a, err = one(ctx, tx, `a.email = $1`, i.Email)
		switch {
		case errors.Is(err, ErrNotFound):
			what = "an account was made for an identity"
			if a, err = r.createFor(ctx, tx, i, rules); err != nil {
				return err
			}
		case err != nil:
			return err
		case !a.Active:
			return deactivated()
		}
		var linked string
		err = tx.Row(ctx, `SELECT subject FROM identity WHERE account_id = $1 AND issuer = $2`, a.ID, i.Issuer).Scan(&linked)
		switch {
		case err == nil && linked == i.Subject:
			// The same person signed in between the first look and this one.
			what = ""
			return nil
		case err == nil:
			return rest.Refuse(reason.OIDCAccountLinked, "")
		}
		if !errors.Is(err, database.ErrNoRows) {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO identity (issuer, subject, account_id, email, created_on, used_on) VALUES ($1, $2, $3, $4, $5, $5)`,
			i.Issuer, i.Subject, a.ID, i.Email, now)
		return err
	})
	if err != nil {
		return Account{}, "", err
	}
	return a, what, nil
}

func deactivated() error {
	return rest.Refuse(reason.AccountDeactivated, "The provider has confirmed who you are, but an administrator of this server has deactivated the account.")
}

// mayLink refuses an identity that no account may be found or made for: only what the provider has verified counts.
func (i Identity) mayLink(rules IdentityRules) error {
	if i.Email == "" || checkEmail(i.Email) != nil {
		return rest.Refuse(reason.OIDCEmailMissing, "")
	}
	if !i.EmailVerified {
		return rest.Refuse(reason.OIDCEmailUnverified, "")
	}
	_, domain, _ := strings.Cut(i.Email, "@")
	if len(rules.Domains) > 0 && !slices.Contains(rules.Domains, domain) {
		return rest.Refuse(reason.OIDCDomainNotAllowed, "")
	}
	return nil
}

// createFor makes the account of an identity. It has no password. On a server without accounts it makes none: the first
// one is made with the set-up link, by whoever runs the server.
func (r *Room) createFor(ctx context.Context, tx *database.Tx, i Identity, rules IdentityRules) (Account, error) {
	if !rules.Create {
		return Account{}, rest.Refuse(reason.OIDCAccountMissing, "")
	}
	n, err := count(ctx, tx)
	if err != nil {
		return Account{}, err
	}
	if n == 0 {
		return Account{}, rest.Refuse(reason.OIDCAccountMissing, "This server is not set up yet. Its first account is made with the link that the server prints when it starts.")
	}
	username, err := freeUsername(ctx, tx, i)
	if err != nil {
		return Account{}, err
	}
	name := strings.TrimSpace(i.Name)
	if name == "" || !printable(name) || utf8.RuneCountInString(name) > maxDisplayName {
		name = username
	}
	a, err := r.fresh(New{Email: i.Email, Username: username, DisplayName: name})
	if err != nil {
		return a, err
	}
	// Somebody may have added the e-mail to theirs. Nobody checked that; the provider did.
	if _, err := tx.Exec(ctx, `DELETE FROM account_email WHERE email = $1`, a.Email); err != nil {
		return a, err
	}
	return a, insert(ctx, tx, a, "")
}

// maxUsername is the length of the longest username.
const maxUsername = 62

// freeUsername is the name that the person would like, or one like it that nobody has.
func freeUsername(ctx context.Context, tx *database.Tx, i Identity) (string, error) {
	wanted := usernameOf(i.Username)
	if wanted == "" {
		local, _, _ := strings.Cut(i.Email, "@")
		wanted = usernameOf(local)
	}
	if wanted == "" {
		wanted = "user"
	}
	for n := 1; n < 100; n++ {
		name := wanted
		if n > 1 {
			end := "-" + strconv.Itoa(n)
			name = wanted[:min(len(wanted), maxUsername-len(end))] + end
		}
		_, err := one(ctx, tx, `LOWER(a.username) = LOWER($1)`, name)
		if errors.Is(err, ErrNotFound) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
	}
	id, err := uuid.NewV7()
	return "user-" + id.String(), err
}

// usernameOf makes a username of a text: what a username cannot hold becomes a hyphen. It is "" when nothing is left.
func usernameOf(text string) string {
	if local, _, isEmail := strings.Cut(text, "@"); isEmail {
		text = local
	}
	var b strings.Builder
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	return strings.TrimRight(name[:min(len(name), maxUsername)], "-")
}

// LinkedIdentity is an identity that signs in to an account.
type LinkedIdentity struct {
	Issuer, Subject string
	Email           string // as of the last sign-in
	Created, Used   time.Time
}

// Identities lists what signs in to an account at OpenID providers, by issuer.
func (r *Room) Identities(ctx context.Context, accountID string) ([]LinkedIdentity, error) {
	return database.Collect(ctx, r.DB, func(scan func(...any) error) (i LinkedIdentity, err error) {
		var created, used int64
		err = scan(&i.Issuer, &i.Subject, &i.Email, &created, &used)
		i.Created, i.Used = database.Time(created), database.Time(used)
		return i, err
	}, `SELECT issuer, subject, email, created_on, used_on FROM identity WHERE account_id = $1 ORDER BY issuer`, accountID)
}

// Unlink takes an account's identities away, also for the browser sessions that began with them. The next sign-in with
// an identity is again a first one. ErrNotFound: there are none.
func (r *Room) Unlink(ctx context.Context, accountID string) error {
	return r.changeSignIn(ctx, `DELETE FROM identity WHERE account_id = $1`, accountID)
}
