package oauth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// Room serves OAuth 2. Its fields are what it stands on.
type Room struct {
	DB          *database.DB
	Credentials *access.Credentials
	URLs        rest.URLs
	Log         *slog.Logger
	Now         func() time.Time

	// Sold, when set, is asked for who is no consumer and buys with client credentials: ok is false for who is nobody there either. A
	// *rest.Error says why nothing is sold.
	Sold func(ctx context.Context, id, secret string) (t Tokens, ok bool, err error)
}

// ErrNotFound says that there is no such consumer in the workspace, or no such application of the account.
var ErrNotFound = errors.New("no such consumer")

func (r *Room) now() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// Register makes a consumer of a workspace. The secret is returned this once and kept nowhere. A *rest.Error names the
// field that is wrong or taken, or says that there are too many.
func (r *Room) Register(ctx context.Context, workspaceID, accountID string, f Form) (Consumer, string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Consumer{}, "", err
	}
	now, secret := r.now(), token.Mint(token.OAuthClientSecret)
	c := Consumer{ID: id.String(), WorkspaceID: workspaceID, Key: newKey(), Created: now, Updated: now, SecretMade: now, secretHash: hashOf(secret)}
	if err := f.apply(&c); err != nil {
		return c, "", err
	}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := countConsumers(ctx, tx, workspaceID)
		if err != nil {
			return err
		}
		if n >= MaxConsumers {
			return rest.Refusef(reason.ConflictState, "There are %d consumers already, the most that a workspace keeps. Remove one first.", MaxConsumers)
		}
		return taken(insertConsumer(ctx, tx, &c, accountID))
	})
	if err != nil {
		return c, "", err
	}
	return c, secret, nil
}

// newKey is the key of a new consumer: 18 characters, as at Bitbucket Cloud.
func newKey() string { return rand.Text()[:18] }

func taken(err error) error {
	if database.IsUnique(err) {
		const problem = "a consumer of this name exists in the workspace"
		return rest.Refuse(reason.ConflictExists, problem).WithMessage("name: %s", problem).Field("name", problem)
	}
	return err
}

// Consumers lists the consumers of a workspace by name: at most MaxConsumers.
func (r *Room) Consumers(ctx context.Context, workspaceID string) ([]Consumer, error) {
	return consumers(ctx, r.DB, `o.workspace_id = $1 ORDER BY LOWER(o.name)`, workspaceID)
}

// Consumer finds a consumer of a workspace by its id. ErrNotFound when there is none.
func (r *Room) Consumer(ctx context.Context, workspaceID, id string) (Consumer, error) {
	return consumer(ctx, r.DB, `o.workspace_id = $1 AND o.id = $2`, workspaceID, id)
}

// Change writes what people chose about a consumer. A scope that it loses is lost at once to everybody who has allowed
// it; one that it gains has to be allowed again, but by client credentials it is there at once. What a consumer that is no
// longer private bought with them is revoked. ErrNotFound when the
// consumer is gone; a *rest.Error names the field that is wrong or taken.
func (r *Room) Change(ctx context.Context, c Consumer, f Form) (Consumer, error) {
	if err := f.apply(&c); err != nil {
		return c, err
	}
	c.Updated = r.now()
	return c, r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := taken(updateConsumer(ctx, tx, &c)); err != nil {
			return err
		}
		return narrow(ctx, tx, &c)
	})
}

// RenewSecret gives a consumer another secret; the old one buys nothing from now on. Tokens that were bought stay good.
// ErrNotFound when the consumer is gone.
func (r *Room) RenewSecret(ctx context.Context, c Consumer) (string, error) {
	secret := token.Mint(token.OAuthClientSecret)
	return secret, r.DB.Update(ctx, func(tx *database.Tx) error {
		return renewSecret(ctx, tx, c.ID, hashOf(secret), r.now())
	})
}

// Remove ends a consumer and every access that it was given. ErrNotFound when it is gone.
func (r *Room) Remove(ctx context.Context, c Consumer) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := r.Credentials.Disallow(ctx, tx, c.ID); err != nil {
			return err
		}
		return deleteConsumer(ctx, tx, c.ID)
	})
}

func hashOf(secret string) string {
	h := token.Hash(secret)
	return hex.EncodeToString(h[:])
}
