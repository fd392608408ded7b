package account

import (
	"context"

	"github.com/pailforge/pail/internal/database"
)

// This file is what the server's operator may do with accounts, by commands on the machine. No operation of the API
// leads here.

// List lists all accounts, by e-mail.
func (r *Room) List(ctx context.Context) ([]Account, error) {
	return database.Collect(ctx, r.DB, func(scan func(...any) error) (Account, error) { return Scan(scan) },
		`SELECT `+Columns+` FROM account a ORDER BY a.email`)
}

// SetPassword gives an account another password and ends its browser sessions. Its tokens go on working. A
// *rest.Error says that the password is too short or too long; ErrNotFound: there is no such account.
func (r *Room) SetPassword(ctx context.Context, accountID, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := r.hash(ctx, password)
	if err != nil {
		return err
	}
	return r.changeSignIn(ctx, `UPDATE account SET password_hash = $2 WHERE id = $1`, accountID, hash)
}
