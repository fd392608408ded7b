package account

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// This file is what people may change about their own account.

// Rename gives an account another display name. A *rest.Error names the field display_name when it cannot be one.
func (r *Room) Rename(ctx context.Context, accountID, displayName string) error {
	displayName = strings.TrimSpace(displayName)
	if displayName == "" || !printable(displayName) || utf8.RuneCountInString(displayName) > maxDisplayName {
		return rest.InvalidField("display_name", "use 1 to 100 printable characters")
	}
	return r.change(ctx, `UPDATE account SET display_name = $2 WHERE id = $1`, accountID, displayName)
}

// change updates one account; ErrNotFound when nothing of its is there.
func (r *Room) change(ctx context.Context, query string, args ...any) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error { return change(ctx, tx, query, args...) })
}

// changeSignIn is change for what an account signs in with: it ends the account's browser sessions too. The query's first
// argument is the account.
func (r *Room) changeSignIn(ctx context.Context, query string, accountID string, args ...any) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := change(ctx, tx, query, append([]any{accountID}, args...)...); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM session WHERE account_id = $1`, accountID)
		return err
	})
}

func change(ctx context.Context, tx *database.Tx, query string, args ...any) error {
	n, err := tx.Exec(ctx, query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
