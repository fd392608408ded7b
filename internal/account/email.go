package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// This file is the e-mails of accounts. Commits signed with any of them are the account's; it signs in with the primary
// one, and sends that along with API tokens. Pail sends no mail: an e-mail is taken as its owner gives it.

// maxEmails is how many e-mails an account may have.
const maxEmails = 20

// Emails lists the e-mails of an account, the primary one first, then by name.
func (r *Room) Emails(ctx context.Context, accountID string) ([]string, error) {
	return database.Collect(ctx, r.DB, func(scan func(...any) error) (email string, err error) {
		err = scan(&email)
		return email, err
	}, `SELECT e.email FROM account_email e JOIN account a ON a.id = e.account_id WHERE a.id = $1
		ORDER BY CASE WHEN e.email = a.email THEN 0 ELSE 1 END, e.email`, accountID)
}

// AddEmail gives an account one more e-mail. The caller has checked the password. A *rest.Error names the field email when
// it cannot be one, is somebody's already, or is one too many.
func (r *Room) AddEmail(ctx context.Context, accountID, email string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if err := checkEmail(email); err != nil {
		return err
	}
	err := r.DB.Update(ctx, func(tx *database.Tx) error {
		var n int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM account_email WHERE account_id = $1`, accountID).Scan(&n); err != nil {
			return err
		}
		if n >= maxEmails {
			return rest.InvalidField("email", "an account has at most "+strconv.Itoa(maxEmails)+" e-mails; remove one first")
		}
		return insertEmail(ctx, tx, email, accountID, database.Micros(r.Now()))
	})
	if database.IsUnique(err) {
		return takenEmail()
	}
	return err
}

// SetPrimaryEmail lets an account sign in with another of its e-mails. The caller has checked the password. A *rest.Error
// says that the account has no such e-mail.
func (r *Room) SetPrimaryEmail(ctx context.Context, accountID, email string) error {
	err := r.change(ctx, `UPDATE account SET email = $2 WHERE id = $1 AND EXISTS (SELECT 1 FROM account_email WHERE email = $2 AND account_id = $1)`,
		accountID, storedEmail(email))
	if errors.Is(err, ErrNotFound) {
		return noSuchEmail()
	}
	return err
}

// RemoveEmail takes an e-mail from an account. A *rest.Error says that it is the primary one, or that the account has no such
// e-mail.
func (r *Room) RemoveEmail(ctx context.Context, accountID, email string) error {
	email = storedEmail(email)
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		switch _, err := one(ctx, tx, `a.id = $1 AND a.email = $2`, accountID, email); {
		case err == nil:
			return rest.Refuse(reason.ConflictState, "The account signs in with this e-mail. Make another one the primary e-mail first.")
		case !errors.Is(err, ErrNotFound):
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM account_email WHERE account_id = $1 AND email = $2`, accountID, email)
		if err == nil && n == 0 {
			return noSuchEmail()
		}
		return err
	})
}

func noSuchEmail() error {
	return rest.Refuse(reason.ResourceNotFound, "The account has no such e-mail.")
}

func insertEmail(ctx context.Context, tx *database.Tx, email, accountID string, now int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO account_email (email, account_id, added_on) VALUES ($1, $2, $3)`, email, accountID, now)
	return err
}

// ByEmails looks up whose the e-mails are, given in lower case. E-mails nobody has are left out.
func (r *Room) ByEmails(ctx context.Context, emails map[string]bool) (map[string]access.Account, error) {
	found := make(map[string]access.Account, len(emails))
	all := slices.Sorted(maps.Keys(emails))
	for chunk := range slices.Chunk(all, 100) {
		args, marks := make([]any, len(chunk)), make([]string, len(chunk))
		for i, e := range chunk {
			args[i], marks[i] = clean(e), "$"+strconv.Itoa(i+1)
		}
		_, err := database.Collect(ctx, r.DB, func(scan func(...any) error) (struct{}, error) {
			var email string
			a, err := Scan(scan, &email)
			found[email] = a.Account
			return struct{}{}, err
		}, `SELECT e.email, `+Columns+` FROM account_email e JOIN account a ON a.id = e.account_id WHERE e.email IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// clean takes out of a commit's e-mail what PostgreSQL refuses as text; no account has such an e-mail.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
}
