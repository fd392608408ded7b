package access

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
)

// This file is what OAuth consumers are allowed. Whatever an account, or a workspace, has allowed a consumer is one
// credential, so that activity, usage and the last access are those of the application and not of a token that lives
// two hours. Package oauth keeps its tokens.

// maxDisallowed is how many credentials that were taken back are kept for one consumer and one account.
const maxDisallowed = 10

// Allow lets a consumer act for the account, or for the workspace, that c names, with c's Scopes and Name: those of a
// credential that is there already are replaced. It returns the credential's id.
func (s *Credentials) Allow(ctx context.Context, tx *database.Tx, consumerID string, c Credential) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	// Of what was taken back the last is kept, so that its tokens are told why.
	if _, err := tx.Exec(ctx, `DELETE FROM credential WHERE consumer_id = $1 AND COALESCE(account_id, '') = $2 AND revoked_on > 0 AND id NOT IN
		(SELECT d.id FROM credential d WHERE d.consumer_id = $1 AND COALESCE(d.account_id, '') = $2 AND d.revoked_on > 0 ORDER BY d.id DESC LIMIT $3)`,
		consumerID, c.AccountID, maxDisallowed); err != nil {
		return "", err
	}
	err = tx.Row(ctx, `INSERT INTO credential (id, kind, hash, account_id, workspace_id, consumer_id, name, scopes, created_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (consumer_id, COALESCE(account_id, '')) WHERE consumer_id IS NOT NULL AND revoked_on = 0
		DO UPDATE SET name = excluded.name, scopes = excluded.scopes RETURNING id`,
		id.String(), string(OAuth), "oauth:"+id.String(), orNull(c.AccountID), orNull(c.Bounds.WorkspaceID), consumerID, c.Name,
		strings.Join(c.Scopes.Names(), " "), database.Micros(s.Now())).Scan(&c.ID)
	return c.ID, err
}

// Allowed finds what the consumer is allowed by the account, or by its workspace where accountID is "". ErrNotFound
// when it is nothing, or was taken back.
func (s *Credentials) Allowed(ctx context.Context, q database.Queryer, consumerID, accountID string) (Credential, error) {
	c, err := scanCredential(q.Row(ctx, `SELECT `+credentialColumns+` FROM credential
		WHERE consumer_id = $1 AND COALESCE(account_id, '') = $2 AND revoked_on = 0`, consumerID, accountID).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, err
}

// Disallow takes back whatever the consumer was allowed by anybody; the next request with one of its tokens is refused.
func (s *Credentials) Disallow(ctx context.Context, tx *database.Tx, consumerID string) error {
	_, err := tx.Exec(ctx, `UPDATE credential SET revoked_on = $1 WHERE consumer_id = $2 AND revoked_on = 0`, database.Micros(s.Now()), consumerID)
	return err
}
