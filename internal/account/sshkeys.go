package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
)

// This file is the SSH keys of accounts, with which their owners may do over SSH what they may do over HTTPS.

// maxSSHKeys is how many an account may have.
const maxSSHKeys = 100

// SSHKey is a key of an account.
type SSHKey struct {
	sshkey.Key
	ID      string // uuid
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // zero: never
}

// Expired reports whether the key has ended by now.
func (k *SSHKey) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

const sshKeyColumns = `k.id, k.key, k.fingerprint, k.label, k.comment, k.created_on, k.expires_on, k.last_used_on`

func scanSSHKey(scan func(...any) error) (k SSHKey, err error) {
	var created, expires, used int64
	err = scan(&k.ID, &k.Text, &k.Fingerprint, &k.Label, &k.Comment, &created, &expires, &used)
	k.Created, k.Expires, k.Used = database.Time(created), database.Time(expires), database.Time(used)
	return k, err
}

// SSHKeys lists the keys of an account, in the order in which they were added.
func (r *Room) SSHKeys(ctx context.Context, accountID string) ([]SSHKey, error) {
	return database.Collect(ctx, r.DB, scanSSHKey, `SELECT `+sshKeyColumns+` FROM ssh_key k WHERE k.account_id = $1 ORDER BY k.created_on, k.id`, accountID)
}

// AddSSHKey adds a key to an account, until expires; the zero time is for good. A *rest.Error names what is wrong with it, or
// says that it is there already.
func (r *Room) AddSSHKey(ctx context.Context, accountID string, d sshkey.Draft, expires time.Time) (k SSHKey, err error) {
	if k.Key, err = d.New(); err != nil {
		return k, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return k, err
	}
	k.ID, k.Created, k.Expires = id.String(), r.Now().UTC().Truncate(time.Microsecond), expires
	if k.Expired(k.Created) {
		return k, rest.InvalidField("expires_on", "this is over already")
	}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := sshkey.Lock(ctx, tx); err != nil {
			return err
		}
		var mine, same, deployed int
		if err := tx.Row(ctx, `SELECT (SELECT COUNT(*) FROM ssh_key WHERE account_id = $1), (SELECT COUNT(*) FROM ssh_key WHERE fingerprint = $2),
			(SELECT COUNT(*) FROM deploy_key WHERE fingerprint = $2)`, accountID, k.Fingerprint).Scan(&mine, &same, &deployed); err != nil {
			return err
		}
		switch {
		case same > 0:
			return sshkey.Taken("An account has this key already. Each account needs a pair of its own.")
		case deployed > 0:
			return sshkey.Taken("This is a deploy key, with which a machine reads repositories. Make a pair for the account alone.")
		case mine >= maxSSHKeys:
			return rest.Refusef(reason.ValueInvalid, "An account may have %d SSH keys. Remove one first.", maxSSHKeys).WithMessage("Too many SSH keys")
		}
		_, err := tx.Exec(ctx, `INSERT INTO ssh_key (id, account_id, key, fingerprint, label, comment, created_on, expires_on, last_used_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`, k.ID, accountID, k.Text, k.Fingerprint, k.Label, k.Comment, database.Micros(k.Created), database.Micros(k.Expires))
		return err
	})
	return k, err
}

// RemoveSSHKey takes a key from an account; what is connected with it is refused the next thing that it asks for. A *rest.Error
// says that the account has none with this uuid.
func (r *Room) RemoveSSHKey(ctx context.Context, accountID, id string) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		k, err := findSSHKey(ctx, tx, accountID, id)
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM ssh_key WHERE id = $1`, k.ID)
		}
		return err
	})
}

// findSSHKey finds a key of an account by its uuid, with or without braces.
func findSSHKey(ctx context.Context, q database.Queryer, accountID, name string) (SSHKey, error) {
	absent := rest.Refuse(reason.ResourceNotFound, "The account has no SSH key with this uuid.")
	id, ok := rest.Unbraced(name)
	if !ok {
		return SSHKey{}, absent
	}
	k, err := scanSSHKey(q.Row(ctx, `SELECT `+sshKeyColumns+` FROM ssh_key k WHERE k.account_id = $1 AND k.id = $2`, accountID, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return k, absent
	}
	return k, err
}

// sshKeyJSON is a key as the API writes it (schema ssh_account_key).
type sshKeyJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	Key         string               `json:"key"`
	Fingerprint string               `json:"fingerprint"`
	Label       string               `json:"label"`
	Comment     string               `json:"comment"`
	CreatedOn   rest.Time            `json:"created_on"`
	ExpiresOn   *rest.Time           `json:"expires_on,omitempty"`
	LastUsed    *rest.Time           `json:"last_used,omitempty"`
	Owner       JSON                 `json:"owner"`
	Links       map[string]rest.Link `json:"links"`
}

func (r *Room) sshKey(owner *access.Account, k *SSHKey) sshKeyJSON {
	optional := func(t time.Time) *rest.Time {
		if t.IsZero() {
			return nil
		}
		shown := rest.Time(t)
		return &shown
	}
	return sshKeyJSON{Type: "ssh_key", UUID: rest.Braced(k.ID), Key: k.Text, Fingerprint: k.Fingerprint, Label: k.Label, Comment: k.Comment,
		CreatedOn: rest.Time(k.Created), ExpiresOn: optional(k.Expires), LastUsed: optional(k.Used), Owner: r.Render(owner),
		Links: map[string]rest.Link{"self": r.URLs.API("users", rest.Braced(owner.ID), "ssh-keys", rest.Braced(k.ID))}}
}

// sshKeyFields are what filters and orders of keys may name.
var sshKeyFields = bbql.Fields{
	"uuid":       {Column: "k.id", Kind: bbql.UUID},
	"key":        {Column: "k.key", Kind: bbql.String},
	"label":      {Column: "k.label", Kind: bbql.String},
	"comment":    {Column: "k.comment", Kind: bbql.String},
	"created_on": {Column: "k.created_on", Kind: bbql.Time},
}

func (r *Room) listSSHKeys(c *access.Call, a Account) (any, error) {
	l := rest.Listing[SSHKey]{Columns: sshKeyColumns, From: ` FROM ssh_key k WHERE k.account_id = $1`, Args: []any{a.ID}, Order: `k.created_on, k.id`,
		Fields: sshKeyFields, Scan: scanSSHKey}
	p, rows, size, err := l.Page(c.Context(), r.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]sshKeyJSON, len(rows))
	for i := range rows {
		values[i] = r.sshKey(&a.Account, &rows[i])
	}
	return rest.Counted(c.Request, p, values, size), nil
}

func (r *Room) getSSHKey(c *access.Call, a Account) (any, error) {
	k, err := findSSHKey(c.Context(), r.DB, a.ID, c.Param("key_id"))
	if err != nil {
		return nil, err
	}
	return r.sshKey(&a.Account, &k), nil
}

// postSSHKey answers 201, as documented (POST /users/{selected_user}/ssh-keys). The parameter expires_on is a time.
func (r *Room) postSSHKey(c *access.Call, a Account) (any, error) {
	var d sshkey.Draft
	if err := c.Decode(&d); err != nil {
		return nil, err
	}
	var expires time.Time
	if text := c.Query().Get("expires_on"); text != "" {
		var err error
		if expires, err = time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+")); err != nil { // a plus that was not escaped
			return nil, rest.InvalidField("expires_on", fmt.Sprintf("a time such as %s is needed", r.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)))
		}
	}
	k, err := r.AddSSHKey(c.Context(), a.ID, d, expires)
	if err != nil {
		return nil, err
	}
	shown := r.sshKey(&a.Account, &k)
	return rest.Created(shown, shown.Links["self"]), nil
}

// putSSHKey changes label and comment; the key stays (PUT /users/{selected_user}/ssh-keys/{key_id}).
func (r *Room) putSSHKey(c *access.Call, a Account) (any, error) {
	var d sshkey.Draft
	if err := c.Decode(&d); err != nil {
		return nil, err
	}
	var k SSHKey
	err := r.DB.Update(c.Context(), func(tx *database.Tx) (err error) {
		// One change after the other: what the body leaves out stays as the one before made it.
		if _, err := tx.Exec(c.Context(), `UPDATE ssh_key SET label = label WHERE account_id = $1`, a.ID); err != nil {
			return err
		}
		if k, err = findSSHKey(c.Context(), tx, a.ID, c.Param("key_id")); err != nil {
			return err
		}
		if err := d.Change(&k.Key); err != nil {
			return err
		}
		_, err = tx.Exec(c.Context(), `UPDATE ssh_key SET label = $2, comment = $3 WHERE id = $1`, k.ID, k.Label, k.Comment)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.sshKey(&a.Account, &k), nil
}

func (r *Room) deleteSSHKey(c *access.Call, a Account) (any, error) {
	return nil, r.RemoveSSHKey(c.Context(), a.ID, c.Param("key_id"))
}
