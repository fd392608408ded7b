package workspace

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// Invitation is a link that lets people join a workspace. The link's secret is kept as a hash only.
type Invitation struct {
	ID        string
	Workspace Workspace
	Role      Role
	Groups    []Group // joined along with the workspace
	Note      string  // for those who made it: whom it is for
	By        account.Account
	Created   time.Time
	Expires   time.Time
	MaxUses   int
	Uses      int
}

// Left is how many more people the invitation lets in while it lives.
func (i *Invitation) Left() int { return i.MaxUses - i.Uses }

// Alive reports whether the invitation lets somebody in at now.
func (i *Invitation) Alive(now time.Time) bool { return i.Left() > 0 && now.Before(i.Expires) }

// NewInvitation is what it takes to invite.
type NewInvitation struct {
	Role   Role
	Groups []string // slugs or uuids of groups of the workspace
	Note   string   // may be empty
	Days   int      // that the link works
	Uses   int      // how many people may come by it
}

// Bounds of invitations.
const (
	MaxInvitationDays = 30
	MaxInvitationUses = 100
	MaxInvitations    = 100 // alive at a time, per workspace
	keptInvitations   = 200 // with those that are over, whose reason can still be told
	maxInvitedGroups  = 20
	maxNote           = 100
)

// Invite makes a link that lets people join a workspace with a role, in the name of an owner. The secret is returned this
// once and kept nowhere; InvitationURL makes an address of it. A *rest.Error names the field that is wrong, or says that
// there are too many; ErrNotFound: there is no such workspace, or the account is no owner of it.
func (r *Room) Invite(ctx context.Context, w *Workspace, ownerID string, n NewInvitation) (Invitation, string, error) {
	n.Note = strings.TrimSpace(n.Note)
	if err := n.check(); err != nil {
		return Invitation{}, "", err
	}
	id, err := newID()
	if err != nil {
		return Invitation{}, "", err
	}
	now, secret := r.now(), token.Mint(token.Invitation)
	i := Invitation{ID: id, Workspace: *w, Role: n.Role, Note: n.Note, Created: now, MaxUses: n.Uses,
		Expires: now.Add(time.Duration(n.Days) * 24 * time.Hour)}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		i.Groups = nil
		if err := lock(ctx, tx, w.ID); err != nil {
			return err
		}
		m, err := MemberOf(ctx, tx, w.ID, ownerID)
		if err == nil && m.Role != Owner {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		i.By = m.User
		if err := makeRoom(ctx, tx, w.ID, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO invitation (id, workspace_id, created_by, hash, role, note, created_on, expires_on, max_uses)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, i.ID, w.ID, ownerID, secretHash(secret), int(i.Role), i.Note,
			database.Micros(i.Created), database.Micros(i.Expires), i.MaxUses); err != nil {
			return err
		}
		for _, name := range n.Groups {
			g, err := GroupBySlug(ctx, tx, w.ID, name)
			if errors.Is(err, ErrNotFound) {
				return rest.InvalidField("groups", "the workspace has no such group")
			}
			if err != nil {
				return err
			}
			if slices.ContainsFunc(i.Groups, func(other Group) bool { return other.ID == g.ID }) {
				continue
			}
			if _, err := tx.Exec(ctx, `INSERT INTO invitation_group (invitation_id, workspace_id, group_id) VALUES ($1, $2, $3)`,
				i.ID, w.ID, g.ID); err != nil {
				return err
			}
			i.Groups = append(i.Groups, g)
		}
		return nil
	})
	if err != nil {
		return Invitation{}, "", err
	}
	return i, secret, nil
}

func (n NewInvitation) check() error {
	switch {
	case n.Role < Collaborator || n.Role > Owner:
		return rest.InvalidField("role", "use collaborator, member or owner")
	case n.Days < 1 || n.Days > MaxInvitationDays:
		return rest.InvalidField("days", "an invitation lives 1 to 30 days")
	case n.Uses < 1 || n.Uses > MaxInvitationUses:
		return rest.InvalidField("uses", "an invitation lets in 1 to 100 people")
	case len(n.Groups) > maxInvitedGroups:
		return rest.InvalidField("groups", "an invitation leads into at most 20 groups")
	}
	return checkText("note", n.Note, maxNote, false)
}

// makeRoom refuses another invitation when too many are alive, and forgets the oldest of those that are over.
func makeRoom(ctx context.Context, tx *database.Tx, workspaceID string, now time.Time) error {
	var alive int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM invitation WHERE workspace_id = $1 AND uses < max_uses AND expires_on > $2`,
		workspaceID, database.Micros(now)).Scan(&alive); err != nil {
		return err
	}
	if alive >= MaxInvitations {
		return rest.Refusef(reason.ConflictState, "The workspace has %d open invitations, the most that are kept. Revoke one first.", MaxInvitations)
	}
	_, err := tx.Exec(ctx, `DELETE FROM invitation WHERE workspace_id = $1 AND (uses >= max_uses OR expires_on <= $2) AND id NOT IN
		(SELECT id FROM invitation WHERE workspace_id = $1 ORDER BY id DESC LIMIT $3)`, workspaceID, database.Micros(now), keptInvitations-1)
	return err
}

// InvitationURL is the address of an invitation, with its secret.
func (r *Room) InvitationURL(secret string) string { return r.URLs.Web("invitations", secret).Href }

const invitations = `SELECT i.id, i.role, i.note, i.created_on, i.expires_on, i.max_uses, i.uses, `

func scanInvitation(row func(...any) error, more ...any) (i Invitation, err error) {
	var created, expires int64
	i.By, err = account.Scan(row, append([]any{&i.ID, &i.Role, &i.Note, &created, &expires, &i.MaxUses, &i.Uses}, more...)...)
	i.Created, i.Expires = database.Time(created), database.Time(expires)
	return i, absent(err)
}

// ListInvitations are the invitations of a workspace, newest first: those that work, and of those that are used up or
// expired the newer ones. They are a few hundred at most.
func (r *Room) ListInvitations(ctx context.Context, w *Workspace) ([]Invitation, error) {
	list, err := database.Collect(ctx, r.DB, func(row func(...any) error) (Invitation, error) { return scanInvitation(row) },
		invitations+account.Columns+` FROM invitation i JOIN account a ON a.id = i.created_by WHERE i.workspace_id = $1 ORDER BY i.id DESC`, w.ID)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*Invitation, len(list))
	for i := range list {
		list[i].Workspace = *w
		at[list[i].ID] = &list[i]
	}
	_, err = database.Collect(ctx, r.DB, func(row func(...any) error) (none struct{}, err error) {
		var id string
		g, err := ScanGroup(row, &id)
		if i := at[id]; err == nil && i != nil {
			i.Groups = append(i.Groups, g)
		}
		return none, err
	}, `SELECT `+GroupColumns+`, ig.invitation_id FROM invitation_group ig JOIN user_group g ON g.id = ig.group_id
		JOIN invitation i ON i.id = ig.invitation_id WHERE i.workspace_id = $1 ORDER BY g.slug`, w.ID)
	return list, err
}

// RevokeInvitation ends an invitation: from then on its link is like one that never was. ErrNotFound: the workspace has
// none with this id.
func (r *Room) RevokeInvitation(ctx context.Context, workspaceID, id string) error {
	if uuid.Validate(id) != nil { // the store need not see what it might not take
		return ErrNotFound
	}
	return r.changeOne(ctx, `DELETE FROM invitation WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
}

// OpenInvitation is the invitation with this secret, for whoever holds it. A *rest.Error says that there is none, which
// is said of a revoked one too, that it has expired or that it is used up.
func (r *Room) OpenInvitation(ctx context.Context, secret string) (Invitation, error) {
	i, err := findInvitation(ctx, r.DB, secret)
	if err != nil {
		return i, err
	}
	return i, over(&i, r.now())
}

// over refuses an invitation that does not let anybody in any more.
func over(i *Invitation, now time.Time) error {
	switch {
	case i.Left() <= 0:
		return rest.Refuse(reason.InvitationUsed, "")
	case !now.Before(i.Expires):
		return rest.Refuse(reason.InvitationExpired, "")
	}
	return nil
}

// findInvitation looks an invitation up by its secret. Whoever made it must still be somebody: the account that was
// deactivated invites nobody. (Who is no owner any more has no invitations: keepsOwner.)
func findInvitation(ctx context.Context, q database.Queryer, secret string) (Invitation, error) {
	var packed string
	i, err := scanInvitation(q.Row(ctx, invitations+WorkspaceColumn+`, `+account.Columns+` FROM invitation i
		JOIN workspace w ON w.id = i.workspace_id JOIN account a ON a.id = i.created_by
		WHERE i.hash = $1 AND a.is_active`, secretHash(secret)).Scan, &packed)
	if errors.Is(err, ErrNotFound) {
		return i, rest.Refuse(reason.InvitationUnknown, "")
	}
	if err != nil {
		return i, err
	}
	i.Workspace = WorkspaceOf(database.Unpack(packed))
	i.Groups, err = database.Collect(ctx, q, func(row func(...any) error) (Group, error) { return ScanGroup(row) },
		`SELECT `+GroupColumns+` FROM invitation_group ig JOIN user_group g ON g.id = ig.group_id
		WHERE ig.invitation_id = $1 ORDER BY g.slug`, i.ID)
	return i, err
}

// Accept lets an account join the workspace that an invitation leads to, and returns the invitation. A role that the
// account has already grows and never shrinks; who gains nothing does not use the invitation up, and joined is false.
// A *rest.Error says why the invitation lets nobody in.
func (r *Room) Accept(ctx context.Context, secret, accountID string) (i Invitation, joined bool, err error) {
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		i, joined, err = r.join(ctx, tx, secret, accountID)
		return err
	})
	return i, joined, err
}

// AcceptAsNew makes an account for the holder of an invitation, and lets it join: both or none. A *rest.Error says which
// field is wrong, why the invitation lets nobody in, or that this server makes no accounts for invitations.
func (r *Room) AcceptAsNew(ctx context.Context, secret string, n account.New) (i Invitation, a account.Account, err error) {
	if !r.Rules.NewAccounts {
		return i, a, rest.Refuse(reason.InvitationNoAccount, "")
	}
	// Before a password is hashed, which is work: only who holds an invitation makes the server do it.
	if i, err = r.OpenInvitation(ctx, secret); err != nil {
		return i, a, err
	}
	n.Admin = false
	a, err = r.Accounts.CreateWith(ctx, n, func(tx *database.Tx, made account.Account) error {
		i, _, err = r.join(ctx, tx, secret, made.ID)
		return err
	})
	return i, a, err
}

// join counts a use of the invitation and makes the account what it was invited to be. The count comes first: it locks
// the row, so that of several who come at once no more get in than there are uses.
func (r *Room) join(ctx context.Context, tx *database.Tx, secret, accountID string) (i Invitation, joined bool, err error) {
	counted, err := tx.Exec(ctx, `UPDATE invitation SET uses = uses + 1 WHERE hash = $1 AND uses < max_uses`, secretHash(secret))
	if err != nil {
		return i, false, err
	}
	if i, err = findInvitation(ctx, tx, secret); err != nil {
		return i, false, err
	}
	i.Uses -= int(counted) // as it was
	if gains, err := gains(ctx, tx, &i, accountID); err != nil || !gains {
		return i, false, errors.Join(err, i.giveBack(ctx, tx, counted))
	}
	if err := over(&i, r.now()); err != nil {
		return i, false, err
	}
	i.Uses++
	// The highest role stands.
	_, err = tx.Exec(ctx, `INSERT INTO workspace_member (workspace_id, account_id, role, added_on) VALUES ($1, $2, $3, $4)
		ON CONFLICT (workspace_id, account_id) DO UPDATE SET role = CASE WHEN workspace_member.role < excluded.role THEN excluded.role ELSE workspace_member.role END`,
		i.Workspace.ID, accountID, int(i.Role), database.Micros(r.now()))
	if database.IsReference(err) {
		return i, false, ErrNotFound
	}
	if err != nil {
		return i, false, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO group_member (group_id, workspace_id, account_id)
		SELECT ig.group_id, ig.workspace_id, $2 FROM invitation_group ig WHERE ig.invitation_id = $1
		ON CONFLICT (group_id, account_id) DO NOTHING`, i.ID, accountID)
	return i, err == nil, err
}

// gains reports whether the account would get anything by the invitation.
func gains(ctx context.Context, tx *database.Tx, i *Invitation, accountID string) (bool, error) {
	m, err := MemberOf(ctx, tx, i.Workspace.ID, accountID)
	if errors.Is(err, ErrNotFound) || err == nil && m.Role < i.Role {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var missing bool
	err = tx.Row(ctx, `SELECT EXISTS (SELECT 1 FROM invitation_group ig WHERE ig.invitation_id = $1 AND NOT EXISTS
		(SELECT 1 FROM group_member gm WHERE gm.group_id = ig.group_id AND gm.account_id = $2))`, i.ID, accountID).Scan(&missing)
	return missing, err
}

func (i *Invitation) giveBack(ctx context.Context, tx *database.Tx, uses int64) error {
	if uses == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE invitation SET uses = uses - 1 WHERE id = $1`, i.ID)
	return err
}

func secretHash(secret string) string {
	h := token.Hash(secret)
	return hex.EncodeToString(h[:])
}
