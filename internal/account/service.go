package account

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// ErrNotFound says that there is no such account.
var ErrNotFound = errors.New("no such account")

// Room serves accounts. Its fields are what it stands on.
type Room struct {
	DB          *database.DB
	Gate        *access.Gate
	Credentials *access.Credentials
	URLs        rest.URLs
	Log         *slog.Logger
	Now         func() time.Time
	// Hash makes the stored form of a new password. nil: HashPassword.
	Hash func(ctx context.Context, password string) (string, error)

	throttle throttle
}

// Create makes an account. A *rest.Error names the field that is wrong or taken.
func (r *Room) Create(ctx context.Context, n New) (Account, error) {
	return r.CreateWith(ctx, n, func(*database.Tx, Account) error { return nil })
}

// CreateWith is Create with more in the same transaction: when it fails, there is no account.
func (r *Room) CreateWith(ctx context.Context, n New, more func(*database.Tx, Account) error) (Account, error) {
	n, err := n.normalize()
	if err != nil {
		return Account{}, err
	}
	hash, err := r.hash(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if a, err = r.create(ctx, tx, n, hash); err != nil {
			return err
		}
		return more(tx, a)
	})
	return a, err
}

func (r *Room) create(ctx context.Context, tx *database.Tx, n New, hash string) (Account, error) {
	a, err := r.fresh(n)
	if err != nil {
		return Account{}, err
	}
	if _, err := one(ctx, tx, `a.id = (SELECT account_id FROM account_email WHERE email = $1)`, n.Email); err == nil {
		return a, takenEmail()
	}
	err = insert(ctx, tx, a, hash)
	if database.IsUnique(err) {
		return a, taken("username", "an account with this e-mail or username exists")
	}
	return a, err
}

// fresh is n as an account that is not stored yet.
func (r *Room) fresh(n New) (Account, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Account{}, err
	}
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return Account{Active: true, Created: r.Now().UTC().Truncate(time.Microsecond), Account: access.Account{
		ID: id.String(), AccountID: hex.EncodeToString(random), Email: n.Email, Username: n.Username, DisplayName: n.DisplayName, Admin: n.Admin,
	}}, nil
}

func takenEmail() error { return taken("email", "an account with this e-mail exists") }

func taken(field, problem string) error {
	return rest.Refuse(reason.ConflictExists, problem).WithMessage("%s: %s", field, problem).Field(field, problem)
}

// Who is the account with an id; nil when id is "", or the account is gone.
func (r *Room) Who(ctx context.Context, q database.Queryer, id string) (*access.Account, error) {
	if id == "" {
		return nil, nil
	}
	a, err := r.Find(ctx, q, rest.Braced(id))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return &a.Account, err
}

// Shown is the account with an id as other objects show it; nil when id is "", or the account is gone.
func (r *Room) Shown(ctx context.Context, q database.Queryer, id string) (*JSON, error) {
	a, err := r.Who(ctx, q, id)
	if a == nil || err != nil {
		return nil, err
	}
	shown := r.Render(a)
	return &shown, nil
}

// Find looks an account up by what the API takes for a user: an account id, a uuid with or without braces, or the
// username. ErrNotFound when there is none.
func (r *Room) Find(ctx context.Context, q database.Queryer, identifier string) (Account, error) {
	if id, ok := rest.Unbraced(identifier); ok {
		return one(ctx, q, `a.id = $1`, id)
	}
	if !printable(identifier) || len(identifier) > maxEmail {
		return Account{}, ErrNotFound
	}
	return one(ctx, q, `a.account_id = $1 OR LOWER(a.username) = LOWER($1)`, identifier)
}

// ByEmail looks an account up by its e-mail. ErrNotFound when there is none.
func (r *Room) ByEmail(ctx context.Context, email string) (Account, error) {
	return one(ctx, r.DB, `a.email = $1`, storedEmail(email))
}

// storedEmail is an e-mail from outside in the form in which accounts have it; "", which nobody has, for what is no
// e-mail, so that neither the store nor the throttle gets to see it.
func storedEmail(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > maxEmail || !printable(email) {
		return ""
	}
	return email
}

// Authenticate checks an e-mail and a password. It takes the same time whether the account exists or not. A
// *rest.Error says that they do not fit, or that there were too many tries.
func (r *Room) Authenticate(ctx context.Context, email, password, address string) (Account, error) {
	email = storedEmail(email)
	if wait := r.throttle.wait(r.Now(), email, address); wait > 0 {
		return Account{}, rest.Refusef(reason.RateLimited, "Too many sign-ins failed. Try again in %d s.", int(wait.Seconds())+1).
			WithHeader("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
	}
	id, hash, err := passwordHash(ctx, r.DB, email)
	if err != nil && !errors.Is(err, database.ErrNoRows) {
		return Account{}, err
	}
	ok, err := checkHash(ctx, hash, password)
	if err != nil {
		return Account{}, err
	}
	if !ok {
		r.throttle.failed(r.Now(), email, address)
		return Account{}, rest.Refuse(reason.LoginRefused, "")
	}
	r.throttle.succeeded(email)
	return one(ctx, r.DB, `a.id = $1`, id)
}

// setupLinkLength is how long a set-up link opens.
const setupLinkLength = 24 * time.Hour

// SetupLink makes the one-time link for the first account, when there is no account yet; otherwise it returns "".
// Older links stop working.
func (r *Room) SetupLink(ctx context.Context) (string, error) {
	var secret string
	err := r.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := count(ctx, tx)
		if err != nil || n > 0 {
			return err
		}
		secret = token.Mint(token.SetupLink)
		if _, err := tx.Exec(ctx, `DELETE FROM setup_link`); err != nil {
			return err
		}
		now := r.Now()
		_, err = tx.Exec(ctx, `INSERT INTO setup_link (hash, created_on, expires_on) VALUES ($1, $2, $3)`,
			linkHash(secret), database.Micros(now), database.Micros(now.Add(setupLinkLength)))
		return err
	})
	if err != nil || secret == "" {
		return "", err
	}
	return r.URLs.Web("setup").Href + "?token=" + secret, nil
}

// SetupOpen reports whether a set-up link with this secret would work.
func (r *Room) SetupOpen(ctx context.Context, secret string) (bool, error) {
	var n int
	err := r.DB.Row(ctx, `SELECT COUNT(*) FROM setup_link WHERE hash = $1 AND expires_on > $2`, linkHash(secret), database.Micros(r.Now())).Scan(&n)
	return n > 0, err
}

// Setup makes the first account, an administrator, with the secret of a set-up link, and uses the link up. A
// *rest.Error says that the link is used or over, or which field is wrong.
func (r *Room) Setup(ctx context.Context, secret string, n New) (Account, error) {
	n.Admin = true
	n, err := n.normalize()
	if err != nil {
		return Account{}, err
	}
	hash, err := r.hash(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		used, err := tx.Exec(ctx, `DELETE FROM setup_link WHERE hash = $1 AND expires_on > $2`, linkHash(secret), database.Micros(r.Now()))
		if err != nil {
			return err
		}
		n0, err := count(ctx, tx)
		if err != nil {
			return err
		}
		if used == 0 || n0 > 0 {
			return rest.Refuse(reason.SetupLinkUsed, "")
		}
		a, err = r.create(ctx, tx, n, hash)
		return err
	})
	return a, err
}

func linkHash(secret string) string {
	h := token.Hash(secret)
	return hex.EncodeToString(h[:])
}
