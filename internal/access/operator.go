package access

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/database"
)

// This file is what the server's operator may do with credentials, whoever's they are, by commands on the machine.
// No operation of the API leads here.

// Lookup finds a credential by its id, also one that is revoked. ErrNotFound when there is none.
func (s *Credentials) Lookup(ctx context.Context, id string) (Credential, error) {
	return s.In(ctx, s.DB, id)
}

// In is Lookup by way of q, such as a transaction.
func (s *Credentials) In(ctx context.Context, q database.Queryer, id string) (Credential, error) {
	c, err := scanCredential(q.Row(ctx, `SELECT `+credentialColumns+` FROM credential WHERE id = $1`, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, err
}

// OfResource lists the access tokens of exactly what b names that are not revoked, newest first. Those of a workspace
// do not include those of its projects and repositories.
func (s *Credentials) OfResource(ctx context.Context, b Bounds) ([]Credential, error) {
	return database.Collect(ctx, s.DB, scanCredential, `SELECT `+credentialColumns+` FROM credential
		WHERE workspace_id = $1 AND account_id IS NULL AND COALESCE(project_id, '') = $2 AND COALESCE(repository_id, '') = $3 AND revoked_on = 0
		AND consumer_id IS NULL ORDER BY id DESC`, b.WorkspaceID, b.ProjectID, b.RepositoryID)
}

// End revokes a credential by its id; the next request with it is refused. ErrNotFound when it is not there or
// revoked already.
func (s *Credentials) End(ctx context.Context, id string) error {
	return s.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE credential SET revoked_on = $1 WHERE id = $2 AND revoked_on = 0`, database.Micros(s.Now()), id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}
