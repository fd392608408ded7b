package access

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// This file is SSH keys. Who connects has proved to hold the private half before anything here is asked; the public half
// is known by its fingerprint, SHA-256 as OpenSSH writes it. A key of an account may do in Git what its person may. A
// deploy key reads the repositories and projects that it was added to. Neither opens the API.

// ErrUnknownKey says that nobody has added a key with this fingerprint.
var ErrUnknownKey = errors.New("access: unknown SSH key")

// Key is the principal behind an SSH key, dead ones included, so that their holders can be told. ErrUnknownKey when it
// is nobody's.
func (g *Gate) Key(ctx context.Context, fingerprint string) (*Principal, error) {
	p, err := scanKey(g.DB.Row(ctx, `SELECT k.id, k.label, k.comment, k.expires_on, a.id, a.account_id, a.email, a.username, a.display_name, a.is_admin, a.is_active
		FROM ssh_key k JOIN account a ON a.id = k.account_id WHERE k.fingerprint = $1`, fingerprint).Scan, fingerprint)
	if !errors.Is(err, database.ErrNoRows) {
		return p, err
	}
	p = &Principal{Kind: DeployKey, ID: fingerprint, everything: true}
	p.opens, err = database.Collect(ctx, g.DB, func(scan func(...any) error) (b Bounds, err error) {
		var label, comment string
		err = scan(&label, &comment, &b.WorkspaceID, &b.ProjectID, &b.RepositoryID)
		p.Name = cmp.Or(p.Name, label, comment)
		return b, err
	}, `SELECT k.label, k.comment, COALESCE(r.workspace_id, p.workspace_id), COALESCE(k.project_id, ''), COALESCE(k.repository_id, '')
		FROM deploy_key k LEFT JOIN repository r ON r.id = k.repository_id LEFT JOIN project p ON p.id = k.project_id
		WHERE k.fingerprint = $1 ORDER BY k.id`, fingerprint)
	if err == nil && len(p.opens) == 0 {
		err = ErrUnknownKey
	}
	p.Name = cmp.Or(p.Name, fingerprint)
	return p, err
}

func scanKey(scan func(...any) error, fingerprint string) (*Principal, error) {
	p := &Principal{Kind: SSHKey, Account: &Account{}, everything: true}
	var label, comment string
	var expires int64
	var active bool
	a := p.Account
	err := scan(&p.ID, &label, &comment, &expires, &a.ID, &a.AccountID, &a.Email, &a.Username, &a.DisplayName, &a.Admin, &active)
	p.Name, p.Expires, p.inactive = cmp.Or(label, comment, fingerprint), database.Time(expires), !active
	return p, err
}

// Places is how many repositories and projects a deploy key reads.
func (p *Principal) Places() int { return len(p.opens) }

// KeyAlive is the principal behind an SSH key that may be used; a *rest.Error says why it may not.
func (g *Gate) KeyAlive(ctx context.Context, fingerprint string) (*Principal, error) {
	p, err := g.Key(ctx, fingerprint)
	if errors.Is(err, ErrUnknownKey) {
		return nil, rest.Refuse(reason.CredentialUnknown, "Nobody has this SSH key on the server any more.").WithMessage("This SSH key is not known here.")
	}
	if err != nil {
		return nil, rest.Fault(err)
	}
	if e := g.alive(p, SurfaceGit, g.Now()); e != nil {
		return p, e
	}
	return p, nil
}

// DecideKey makes the whole decision for Git over SSH: it returns who is calling and the resource, also where that was
// asked for by a name that it had before, or a *rest.Error with the reason of the first step that failed. It is asked anew for
// every command, because a connection may outlive its key.
func DecideKey[T any](g *Gate, r *rest.Request, fingerprint string, op *catalog.Operation, need Need[T]) (*Principal, T, error) {
	var none T
	ctx := r.HTTP.Context()
	p, err := g.KeyAlive(ctx, fingerprint)
	if p != nil {
		r.Trace.CredentialKind, r.Trace.CredentialID, r.Trace.AccountID = string(p.Kind), p.ID, p.AccountID()
	}
	if err != nil {
		return p, none, err
	}
	if refusal := g.authorize(r, SurfaceGit, op, p); refusal != nil {
		return p, none, refusal
	}
	resource, reaching, err := need.resolve(g, ctx, p, r.Param)
	if _, moved := errors.AsType[*Moved](err); err != nil && !moved {
		return p, none, err
	}
	return reaching, resource, nil
}

// KeyUse is what an SSH key was used for: by an account, or as a deploy key to read a repository.
type KeyUse struct{ Fingerprint, ProjectID, RepositoryID string }

// RecordKey notes that a key was used. It does not wait for the store.
func (r *Recorder) RecordKey(use KeyUse, at time.Time) {
	r.mu.Lock()
	first := r.idle()
	if r.keys[use].Before(at) {
		r.keys[use] = at
	}
	r.mu.Unlock()
	if first {
		r.rouse()
	}
}

// writeKeys writes when keys were used, always in the same order, so that two nodes do not wait for each other.
func writeKeys(ctx context.Context, tx *database.Tx, keys map[KeyUse]time.Time) error {
	for _, use := range slices.SortedFunc(maps.Keys(keys), func(a, b KeyUse) int {
		return cmp.Or(cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.RepositoryID, b.RepositoryID))
	}) {
		at := database.Micros(keys[use])
		if _, err := tx.Exec(ctx, `UPDATE ssh_key SET last_used_on = $1 WHERE fingerprint = $2 AND last_used_on < $1`, at, use.Fingerprint); err != nil {
			return err
		}
		if use.RepositoryID == "" {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE deploy_key SET last_used_on = $1 WHERE fingerprint = $2 AND last_used_on < $1
			AND (repository_id = $3 OR project_id = $4)`, at, use.Fingerprint, use.RepositoryID, use.ProjectID); err != nil {
			return err
		}
	}
	return nil
}
