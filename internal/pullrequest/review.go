package pullrequest

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// voice is what a reviewer says, and what is told of it.
type voice struct {
	kind        string // of activity
	said, unset event.Key
	name        string // in events
}

var voices = map[string]voice{
	Approved:         {approval, event.PullRequestApproved, event.PullRequestUnapproved, "approval"},
	ChangesRequested: {requested, event.PullRequestChangesRequested, event.PullRequestChangesRemoved, "changes_request"},
}

// spoken is what an event says of it.
type spoken struct {
	Date rest.Time           `json:"date"`
	User *account.PersonJSON `json:"user"`
}

// say has the caller approve a pull request, or request changes. One takes the place of the other, and who has said it before has
// said it still (POST .../approve and .../request-changes).
func (room *Room) say(state string) func(*access.Call, *repository.Repository, *PullRequest) (any, error) {
	return func(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
		who, err := personal(c)
		if err != nil {
			return nil, err
		}
		said, err := room.Say(c.Context(), r, pr, who, state)
		if err != nil {
			return nil, err
		}
		return room.renderParticipant(&said), nil
	}
}

// Say has somebody who takes part approve a pull request, or request changes, as state says. A *rest.Error says that it is closed.
func (room *Room) Say(ctx context.Context, r *repository.Repository, pr *PullRequest, who *account.Account, state string) (said Participant, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		pr, err := room.lock(ctx, tx, pr)
		if err != nil {
			return err
		}
		if before := pr.participant(who.ID); before != nil && before.State == state {
			said = *before
			return nil
		}
		if _, err := tx.Exec(ctx, `INSERT INTO pull_request_participant (repository_id, number, account_id, role, state, participated_on, added_on) VALUES ($1, $2, $3, 'PARTICIPANT', $4, $5, $5)
				ON CONFLICT (repository_id, number, account_id) DO UPDATE SET state = excluded.state, participated_on = excluded.participated_on`,
			pr.RepositoryID, pr.Number, who.ID, state, database.Micros(room.Now())); err != nil {
			return err
		}
		rows, err := numbered(ctx, tx, pr.RepositoryID, []int64{pr.Number})
		if err != nil {
			return err
		}
		pr = &rows[0]
		said = *pr.participant(who.ID)
		if err := room.note(ctx, tx, pr, voices[state].kind, moment{}); err != nil {
			return err
		}
		return room.emit(ctx, tx, voices[state].said, r, pr, room.tell(state, &said))
	})
	return said, err
}

// unsay takes back what the caller has said, if it was that (DELETE .../approve and .../request-changes).
func (room *Room) unsay(state string) func(*access.Call, *repository.Repository, *PullRequest) (any, error) {
	return func(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
		who, err := personal(c)
		if err != nil {
			return nil, err
		}
		return nil, room.Unsay(c.Context(), r, pr, who, state)
	}
}

// Unsay takes back what somebody has said, if it was state. A *rest.Error says that the pull request is closed.
func (room *Room) Unsay(ctx context.Context, r *repository.Repository, pr *PullRequest, who *account.Account, state string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		pr, err := room.lock(ctx, tx, pr)
		if err != nil {
			return err
		}
		said := pr.participant(who.ID)
		if said == nil || said.State != state {
			return nil
		}
		said.State, said.On = "", room.Now()
		if _, err := tx.Exec(ctx, `UPDATE pull_request_participant SET state = '', participated_on = $4 WHERE repository_id = $1 AND number = $2 AND account_id = $3`,
			pr.RepositoryID, pr.Number, who.ID, database.Micros(said.On)); err != nil {
			return err
		}
		return room.emit(ctx, tx, voices[state].unset, r, pr, room.tell(state, said))
	})
}

func (room *Room) tell(state string, t *Participant) func() (event.Payload, error) {
	return func() (event.Payload, error) {
		return event.Payload{voices[state].name: spoken{rest.Time(t.On), room.Repositories.Accounts.RenderPerson(account.Person{Account: &t.Who})}}, nil
	}
}

// participant is what somebody has to do with it, nil for nothing.
func (pr *PullRequest) participant(accountID string) *Participant {
	for i := range pr.Participants {
		if pr.Participants[i].Who.ID == accountID {
			return &pr.Participants[i]
		}
	}
	return nil
}
