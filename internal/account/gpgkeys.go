package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gpgkey"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// This file is the GPG keys of accounts, with which their owners sign commits.

// maxGPGKeys is how many an account may have.
const maxGPGKeys = 100

// GPGKey is a key of an account.
type GPGKey struct {
	gpgkey.Key
	Added time.Time
}

const gpgKeyColumns = `k.key, k.added_on`

func scanGPGKey(scan func(...any) error) (k GPGKey, err error) {
	var text string
	var added int64
	if err = scan(&text, &added); err != nil {
		return k, err
	}
	k.Added = database.Time(added)
	k.Key, err = gpgkey.Parse(text)
	return k, err
}

// GPGKeys lists the keys of an account, in the order in which they were added.
func (r *Room) GPGKeys(ctx context.Context, accountID string) ([]GPGKey, error) {
	return database.Collect(ctx, r.DB, scanGPGKey, `SELECT `+gpgKeyColumns+` FROM gpg_key k WHERE k.account_id = $1 ORDER BY k.added_on, k.fingerprint`, accountID)
}

// AddGPGKey adds a key, armored, to an account. A *rest.Error names what is wrong with it, or says that it is there already.
func (r *Room) AddGPGKey(ctx context.Context, accountID, text string) (k GPGKey, err error) {
	if text == "" {
		return k, rest.MissingField("key")
	}
	if k.Key, err = gpgkey.Parse(text); err != nil {
		return k, err
	}
	k.Added = r.Now().UTC().Truncate(time.Microsecond)
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE account SET username = username WHERE id = $1`, accountID); err != nil { // one after the other
			return err
		}
		var mine int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM gpg_key WHERE account_id = $1`, accountID).Scan(&mine); err != nil {
			return err
		}
		if mine >= maxGPGKeys {
			return rest.Refusef(reason.ValueInvalid, "An account may have %d GPG keys. Remove one first.", maxGPGKeys).WithMessage("Too many GPG keys")
		}
		_, err := tx.Exec(ctx, `INSERT INTO gpg_key (fingerprint, account_id, key, added_on) VALUES ($1, $2, $3, $4)`,
			k.Fingerprint, accountID, k.Text, database.Micros(k.Added))
		return err
	})
	if database.IsUnique(err) {
		return k, rest.Refuse(reason.ConflictExists, "An account has this key already. Each account needs one of its own.").
			WithMessage("Someone has already registered that GPG key.").Field("key", "taken")
	}
	return k, err
}

// RemoveGPGKey takes a key from an account; what it signed is no longer verified. A *rest.Error says that the account has none with
// this fingerprint.
func (r *Room) RemoveGPGKey(ctx context.Context, accountID, fingerprint string) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM gpg_key WHERE account_id = $1 AND fingerprint = $2`, accountID, asFingerprint(fingerprint))
		if err == nil && n == 0 {
			return noGPGKey()
		}
		return err
	})
}

// SignedBy finds which key of an account made a signature of what was signed; ok is false where none did.
func (r *Room) SignedBy(ctx context.Context, accountID string, signature gpgkey.Signature, signed []byte) (found GPGKey, ok bool, err error) {
	all, err := r.GPGKeys(ctx, accountID)
	for _, k := range all {
		if signature.By(k.Text, signed) {
			return k, true, nil
		}
	}
	return found, false, err
}

// asFingerprint is a fingerprint as it is kept, however it was written.
func asFingerprint(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

func noGPGKey() error {
	return rest.Refuse(reason.ResourceNotFound, "The account has no GPG key with this fingerprint.")
}

// gpgPartJSON is a key or a subkey as the API writes it (schema GPG_account_key).
type gpgPartJSON struct {
	Type              string     `json:"type"`
	KeyID             string     `json:"key_id"`
	Fingerprint       string     `json:"fingerprint"`
	ParentFingerprint string     `json:"parent_fingerprint,omitempty"`
	CreatedOn         rest.Time  `json:"created_on"`
	ExpiresOn         *rest.Time `json:"expires_on,omitempty"`
}

type gpgKeyJSON struct {
	gpgPartJSON
	Key     string               `json:"key"`
	Name    string               `json:"name"`
	Comment string               `json:"comment"`
	AddedOn rest.Time            `json:"added_on"`
	Subkeys []gpgPartJSON        `json:"subkeys"`
	Owner   JSON                 `json:"owner"`
	Links   map[string]rest.Link `json:"links"`
}

type gpgKeyBody struct {
	Key string `json:"key"`
}

func gpgPart(p gpgkey.Part, parent string) gpgPartJSON {
	shown := gpgPartJSON{Type: "GPG_key", KeyID: p.ID, Fingerprint: p.Fingerprint, ParentFingerprint: parent, CreatedOn: rest.Time(p.Created)}
	if !p.Expires.IsZero() {
		expires := rest.Time(p.Expires)
		shown.ExpiresOn = &expires
	}
	return shown
}

func (r *Room) gpgKey(owner *access.Account, k *GPGKey) gpgKeyJSON {
	shown := gpgKeyJSON{gpgPartJSON: gpgPart(k.Part, ""), Key: k.Text, Name: k.Name, Comment: k.Comment, AddedOn: rest.Time(k.Added), Subkeys: []gpgPartJSON{},
		Owner: r.Render(owner), Links: map[string]rest.Link{"self": r.URLs.API("users", rest.Braced(owner.ID), "gpg-keys", k.Fingerprint)}}
	for _, sub := range k.Subkeys {
		shown.Subkeys = append(shown.Subkeys, gpgPart(sub, k.Fingerprint))
	}
	return shown
}

func (r *Room) listGPGKeys(c *access.Call, a Account) (any, error) {
	return rest.Listing[GPGKey]{Columns: gpgKeyColumns, From: ` FROM gpg_key k WHERE k.account_id = $1`, Args: []any{a.ID}, Order: `k.added_on, k.fingerprint`,
		Scan: scanGPGKey}.Answer(c.Context(), r.DB, c.Request, func(k *GPGKey) any { return r.gpgKey(&a.Account, k) })
}

func (r *Room) getGPGKey(c *access.Call, a Account) (any, error) {
	k, err := scanGPGKey(r.DB.Row(c.Context(), `SELECT `+gpgKeyColumns+` FROM gpg_key k WHERE k.account_id = $1 AND k.fingerprint = $2`,
		a.ID, asFingerprint(c.Param("fingerprint"))).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, noGPGKey()
	}
	return r.gpgKey(&a.Account, &k), err
}

func (r *Room) postGPGKey(c *access.Call, a Account) (any, error) {
	var b gpgKeyBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	k, err := r.AddGPGKey(c.Context(), a.ID, b.Key)
	if err != nil {
		return nil, err
	}
	shown := r.gpgKey(&a.Account, &k)
	return rest.Created(shown, shown.Links["self"]), nil
}

func (r *Room) deleteGPGKey(c *access.Call, a Account) (any, error) {
	return nil, r.RemoveGPGKey(c.Context(), a.ID, c.Param("fingerprint"))
}
