package repository

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// participantJSON is somebody who has approved a commit (schema participant).
type participantJSON struct {
	Type           string       `json:"type"`
	User           account.JSON `json:"user"`
	Role           string       `json:"role"`
	Approved       bool         `json:"approved"`
	State          string       `json:"state"`
	ParticipatedOn rest.Time    `json:"participated_on"`
}

// Approval is that somebody found a commit good.
type Approval struct {
	By account.Account
	On time.Time
}

func (room *Room) renderApproval(a *Approval) participantJSON {
	return participantJSON{"participant", room.Accounts.Render(&a.By.Account), "PARTICIPANT", true, "approved", rest.Time(a.On)}
}

// Approvals lists who has approved a commit, the first one in front.
func (room *Room) Approvals(ctx context.Context, r *Repository, hash gitstore.Hash) ([]Approval, error) {
	return database.Collect(ctx, room.DB, func(row func(...any) error) (a Approval, err error) {
		var on int64
		a.By, err = account.Scan(row, &on)
		a.On = database.Time(on)
		return a, err
	}, `SELECT c.approved_on, `+account.Columns+` FROM commit_approval c JOIN account a ON a.id = c.account_id
		WHERE c.repository_id = $1 AND c.hash = $2 ORDER BY c.approved_on, a.id`, r.ID, string(hash))
}

// approver is the account of the caller; what belongs to a workspace can approve nothing.
func approver(c *access.Call) (*access.Account, error) {
	if a := c.Principal.Account; a != nil {
		return a, nil
	}
	return nil, rest.Refuse(reason.CredentialKindNotAccepted, "To approve is a person's: this credential belongs to no account.").With("credential", c.Principal.Kind)
}

// approve approves a commit for the caller; who has done so before has it still (POST .../commit/{commit}/approve).
func (room *Room) approve(c *access.Call, r *Repository) (any, error) {
	who, err := approver(c)
	if err != nil {
		return nil, err
	}
	hash, err := room.CommitHash(c.Context(), r, c.Param("commit"))
	if err != nil {
		return nil, err
	}
	a := Approval{By: account.Account{Account: *who}}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		var on int64
		err := tx.Row(c.Context(), `INSERT INTO commit_approval (repository_id, hash, account_id, approved_on) VALUES ($1, $2, $3, $4)
			ON CONFLICT (repository_id, hash, account_id) DO UPDATE SET approved_on = commit_approval.approved_on RETURNING approved_on`,
			r.ID, string(hash), who.ID, database.Micros(room.Now())).Scan(&on)
		a.On = database.Time(on)
		return err
	})
	if err != nil {
		return nil, err
	}
	return room.renderApproval(&a), nil
}

// unapprove takes the caller's approval back, if there is one (DELETE .../commit/{commit}/approve).
func (room *Room) unapprove(c *access.Call, r *Repository) (any, error) {
	who, err := approver(c)
	if err != nil {
		return nil, err
	}
	hash, err := room.CommitHash(c.Context(), r, c.Param("commit"))
	if err != nil {
		return nil, err
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM commit_approval WHERE repository_id = $1 AND hash = $2 AND account_id = $3`, r.ID, string(hash), who.ID)
		return err
	})
}
