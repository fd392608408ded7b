package pullrequest

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Resolution is who has settled something, and when. The zero value: nobody has.
type Resolution struct {
	On time.Time
	By account.Person
}

// resolutionJSON says who has resolved a comment (schema comment_resolution).
type resolutionJSON struct {
	Type      string              `json:"type"`
	User      *account.PersonJSON `json:"user,omitempty"` // absent when the account is gone
	CreatedOn rest.Time           `json:"created_on"`
}

func (room *Room) renderResolution(s *Resolution) *resolutionJSON {
	if s.On.IsZero() {
		return nil
	}
	return &resolutionJSON{"comment_resolution", room.Repositories.Accounts.RenderPerson(s.By), rest.Time(s.On)}
}

// resolve settles a comment on the changes, or opens it again. Bitbucket refuses (403, as documented) those that answer another one
// or are on the whole pull request, and (409) those that are resolved (POST and DELETE .../comments/{comment_id}/resolve).
func (room *Room) resolve(settled bool) func(*access.Call, *repository.Repository, *PullRequest, *Comment) (any, error) {
	return func(c *access.Call, r *repository.Repository, pr *PullRequest, m *Comment) (any, error) {
		if err := room.resolveFor(c.Context(), c.Principal, r, pr, m, settled); err != nil || !settled {
			return nil, err
		}
		return room.renderResolution(&m.Resolved), nil
	}
}

// Resolvable tells whether a comment is one of those that are resolved.
func (m *Comment) Resolvable() bool { return m.Parent == 0 && m.Path != "" && !m.Pending }

// resolveFor is resolve for who acts as p. m becomes what the comment is then.
func (room *Room) resolveFor(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment, settled bool) error {
	if !m.Resolvable() {
		return rest.Refuse(reason.PullRequestThread, "").With("comment", m.ID)
	}
	return room.changeComment(ctx, p, pr, m, func(ctx context.Context, tx *database.Tx, pr *PullRequest, m *Comment) error {
		is := !m.Resolved.On.IsZero()
		switch {
		case m.Deleted:
			return noComment()
		case settled && is:
			return rest.Refuse(reason.ConflictState, "Somebody has resolved the comment already.").WithMessage("The comment has already been resolved.")
		case !settled && !is:
			return rest.Refuse(reason.ResourceNotFound, "The comment is not resolved.")
		}
		key := event.PullRequestCommentReopened
		if m.Resolved = (Resolution{}); settled {
			key, m.Resolved = event.PullRequestCommentResolved, Resolution{room.Now(), account.PersonOf(p)}
		}
		if err := saveResolution(ctx, tx, "pull_request_comment", r.ID, m.ID, m.Resolved); err != nil {
			return err
		}
		if err := room.recount(ctx, tx, pr); err != nil {
			return err
		}
		return room.tellComment(ctx, tx, key, r, pr, m)
	})
}

// saveResolution writes who has settled a comment or a task.
func saveResolution(ctx context.Context, tx *database.Tx, table, repositoryID string, id int64, s Resolution) error {
	_, err := tx.Exec(ctx, `UPDATE `+table+` SET resolved_on = $3, resolver_id = $4, resolver_credential = $5, resolver_name = $6 WHERE repository_id = $1 AND id = $2`,
		repositoryID, id, database.Micros(s.On), s.By.ID(), s.By.Credential, s.By.Name)
	return err
}
