package oauth

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/scope"
)

const consumerColumns = `o.id, o.workspace_id, w.slug, w.name, o.key, o.secret_hash, o.name, o.description, o.url, o.callback_url,
	o.is_private, o.scopes, o.created_on, o.updated_on, o.secret_on`

func scanConsumer(scan func(...any) error) (Consumer, error) {
	var c Consumer
	var scopes string
	var created, updated, secret int64
	err := scan(&c.ID, &c.WorkspaceID, &c.WorkspaceSlug, &c.WorkspaceName, &c.Key, &c.secretHash, &c.Name, &c.Description, &c.URL, &c.CallbackURL,
		&c.Private, &scopes, &created, &updated, &secret)
	if err != nil {
		return c, err
	}
	c.Created, c.Updated, c.SecretMade = database.Time(created), database.Time(updated), database.Time(secret)
	c.Scopes, err = scope.ParseSet(strings.Fields(scopes))
	return c, err
}

func consumers(ctx context.Context, q database.Queryer, where string, args ...any) ([]Consumer, error) {
	return database.Collect(ctx, q, scanConsumer, `SELECT `+consumerColumns+
		` FROM oauth_consumer o JOIN workspace w ON w.id = o.workspace_id WHERE `+where, args...)
}

// consumer is the one consumer that where describes. ErrNotFound when there is none.
func consumer(ctx context.Context, q database.Queryer, where string, args ...any) (Consumer, error) {
	c, err := scanConsumer(q.Row(ctx, `SELECT `+consumerColumns+
		` FROM oauth_consumer o JOIN workspace w ON w.id = o.workspace_id WHERE `+where, args...).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, err
}

func countConsumers(ctx context.Context, q database.Queryer, workspaceID string) (n int, err error) {
	err = q.Row(ctx, `SELECT COUNT(*) FROM oauth_consumer WHERE workspace_id = $1`, workspaceID).Scan(&n)
	return n, err
}

func insertConsumer(ctx context.Context, tx *database.Tx, c *Consumer, accountID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO oauth_consumer (id, workspace_id, key, secret_hash, name, description, url, callback_url, is_private, scopes,
		created_by, created_on, updated_on, secret_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		c.ID, c.WorkspaceID, c.Key, c.secretHash, c.Name, c.Description, c.URL, c.CallbackURL, c.Private, names(c.Scopes),
		accountID, database.Micros(c.Created), database.Micros(c.Updated), database.Micros(c.SecretMade))
	return err
}

func updateConsumer(ctx context.Context, tx *database.Tx, c *Consumer) error {
	return one(tx.Exec(ctx, `UPDATE oauth_consumer SET name = $1, description = $2, url = $3, callback_url = $4, is_private = $5, scopes = $6,
		updated_on = $7 WHERE id = $8`, c.Name, c.Description, c.URL, c.CallbackURL, c.Private, names(c.Scopes), database.Micros(c.Updated), c.ID))
}

func renewSecret(ctx context.Context, tx *database.Tx, id, hash string, now time.Time) error {
	return one(tx.Exec(ctx, `UPDATE oauth_consumer SET secret_hash = $1, secret_on = $2 WHERE id = $3`, hash, database.Micros(now), id))
}

func deleteConsumer(ctx context.Context, tx *database.Tx, id string) error {
	return one(tx.Exec(ctx, `DELETE FROM oauth_consumer WHERE id = $1`, id))
}

// lockConsumer reads a consumer and holds its row until the transaction ends: what it may and what is allowed to it
// changes one after the other. ErrNotFound when it is gone.
func lockConsumer(ctx context.Context, tx *database.Tx, id string) (Consumer, error) {
	if err := one(tx.Exec(ctx, `UPDATE oauth_consumer SET updated_on = updated_on WHERE id = $1`, id)); err != nil {
		return Consumer{}, err
	}
	return consumer(ctx, tx, `o.id = $1`, id)
}

// one is the outcome of a statement that is to touch one row. ErrNotFound when it touched none.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// narrow takes from what was allowed to c the scopes that it has no longer, and renames it. What it is allowed by its
// own workspace follows its scopes both ways.
func narrow(ctx context.Context, tx *database.Tx, c *Consumer) error {
	held, err := database.Collect(ctx, tx, func(scan func(...any) error) (s string, err error) { return s, scan(&s) },
		`SELECT DISTINCT scopes FROM credential WHERE consumer_id = $1 AND revoked_on = 0`, c.ID)
	if err != nil {
		return err
	}
	for _, old := range held {
		set, err := scope.ParseSet(strings.Fields(old))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE credential SET scopes = $1, name = $2 WHERE consumer_id = $3 AND revoked_on = 0 AND scopes = $4`,
			names(set.Without(set.Without(c.Scopes))), c.Name, c.ID, old); err != nil {
			return err
		}
	}
	if !c.Private { // no client credentials for it any more
		_, err = tx.Exec(ctx, `UPDATE credential SET revoked_on = $1 WHERE consumer_id = $2 AND revoked_on = 0 AND account_id IS NULL`, database.Micros(c.Updated), c.ID)
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE credential SET scopes = $1 WHERE consumer_id = $2 AND revoked_on = 0 AND account_id IS NULL`, names(c.Scopes), c.ID)
	return err
}

func names(s scope.Set) string { return strings.Join(s.Names(), " ") }

// code is an authorization code but for its secret.
type code struct {
	credentialID, consumerID, family string
	redirectURI                      string
	redirectSent                     bool
	challenge, method, state         string
	created, expires                 time.Time
	used                             bool
	dead                             bool // the access was taken back, or the account is deactivated
}

func insertCode(ctx context.Context, tx *database.Tx, hash string, c *code) error {
	_, err := tx.Exec(ctx, `INSERT INTO oauth_code (hash, credential_id, family, redirect_uri, redirect_sent, challenge, challenge_method, state,
		created_on, expires_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, hash, c.credentialID, c.family, c.redirectURI, c.redirectSent,
		c.challenge, c.method, c.state, database.Micros(c.created), database.Micros(c.expires))
	return err
}

// dead is the condition that the credential c, of the account a if there is one, gives no tokens any more.
const dead = `(c.revoked_on > 0 OR NOT COALESCE(a.is_active, TRUE))`

// findCode finds a code by its hash; database.ErrNoRows when there is none.
func findCode(ctx context.Context, q database.Queryer, hash string) (c code, err error) {
	var expires, used int64
	err = q.Row(ctx, `SELECT k.credential_id, COALESCE(c.consumer_id, ''), k.family, k.redirect_uri, k.redirect_sent, k.challenge, k.challenge_method,
		k.state, k.expires_on, k.used_on, `+dead+` FROM oauth_code k JOIN credential c ON c.id = k.credential_id
		LEFT JOIN account a ON a.id = c.account_id WHERE k.hash = $1`, hash).Scan(
		&c.credentialID, &c.consumerID, &c.family, &c.redirectURI, &c.redirectSent, &c.challenge, &c.method, &c.state, &expires, &used, &c.dead)
	c.expires, c.used = database.Time(expires), used > 0
	return c, err
}

// useCode uses a code up; ok is false when somebody else was faster.
func useCode(ctx context.Context, tx *database.Tx, hash string, now time.Time) (ok bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE oauth_code SET used_on = $1 WHERE hash = $2 AND used_on = 0`, database.Micros(now), hash)
	return n > 0, err
}

// refresh is a refresh token but for its secret.
type refresh struct {
	credentialID, consumerID, family string
	expires                          time.Time
	used, revoked, dead              bool
}

// findRefresh finds a refresh token by its hash; database.ErrNoRows when there is none.
func findRefresh(ctx context.Context, q database.Queryer, hash string) (t refresh, err error) {
	var expires, used, revoked int64
	err = q.Row(ctx, `SELECT t.credential_id, COALESCE(c.consumer_id, ''), t.family, t.expires_on, t.used_on, t.revoked_on, `+dead+`
		FROM oauth_token t JOIN credential c ON c.id = t.credential_id LEFT JOIN account a ON a.id = c.account_id
		WHERE t.hash = $1 AND t.is_refresh`, hash).Scan(&t.credentialID, &t.consumerID, &t.family, &expires, &used, &revoked, &t.dead)
	t.expires, t.used, t.revoked = database.Time(expires), used > 0, revoked > 0
	return t, err
}

// useRefresh uses a refresh token up; ok is false when somebody else was faster, or it was revoked.
func useRefresh(ctx context.Context, tx *database.Tx, hash string, now time.Time) (ok bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE oauth_token SET used_on = $1 WHERE hash = $2 AND is_refresh AND used_on = 0 AND revoked_on = 0`, database.Micros(now), hash)
	return n > 0, err
}

// revokeFamily revokes all tokens that came from one code, and the code.
func revokeFamily(ctx context.Context, tx *database.Tx, family string, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE oauth_code SET used_on = $1 WHERE family = $2 AND used_on = 0`, database.Micros(now), family); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE oauth_token SET revoked_on = $1 WHERE family = $2 AND revoked_on = 0`, database.Micros(now), family)
	return err
}

func insertToken(ctx context.Context, tx *database.Tx, hash, credentialID, family string, refresh bool, now, expires time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO oauth_token (hash, credential_id, family, is_refresh, created_on, expires_on) VALUES ($1, $2, $3, $4, $5, $6)`,
		hash, credentialID, family, refresh, database.Micros(now), database.Micros(expires))
	return err
}

// Bounds of what is kept for one consumer and one account, and for how long it can be told what became of a secret.
const (
	maxTokens = 1000 // of each sort; the oldest make room
	maxCodes  = 100
	deadTTL   = 7 * 24 * time.Hour
)

// tidy removes what is over for long, and the oldest beyond the bounds.
func tidy(ctx context.Context, tx *database.Tx, credentialID string, now time.Time) error {
	long := database.Micros(now.Add(-deadTTL))
	if _, err := tx.Exec(ctx, `DELETE FROM oauth_token WHERE credential_id = $1 AND (expires_on < $2 OR used_on > 0 AND used_on < $2)`, credentialID, long); err != nil {
		return err
	}
	for _, refresh := range []bool{false, true} {
		if _, err := tx.Exec(ctx, `DELETE FROM oauth_token WHERE credential_id = $1 AND is_refresh = $2 AND created_on <= (SELECT t.created_on FROM oauth_token t
			WHERE t.credential_id = $1 AND t.is_refresh = $2 ORDER BY t.created_on DESC LIMIT 1 OFFSET $3)`, credentialID, refresh, maxTokens); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM oauth_code WHERE credential_id = $1 AND (expires_on < $2 OR created_on <= (SELECT k.created_on FROM oauth_code k
		WHERE k.credential_id = $1 ORDER BY k.created_on DESC LIMIT 1 OFFSET $3))`, credentialID, long, maxCodes)
	return err
}
