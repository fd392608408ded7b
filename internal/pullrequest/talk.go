package pullrequest

import (
	"context"
	"errors"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
)

// This file is what pages ask of comments and tasks, in the words of forms. The rules are those of the operations.

// Discussion is what was said of a pull request and who acts as p may see, the oldest first: at most limit comments, the newest. more
// tells that there are others before.
func (room *Room) Discussion(ctx context.Context, p *access.Principal, pr *PullRequest, limit int) (all []Comment, more bool, err error) {
	room.keepUp(ctx, pr)
	all, err = loadComments(ctx, room.DB, `m.repository_id = $1 AND m.number = $2`+visible+` ORDER BY m.id DESC LIMIT $5`,
		append(append([]any{pr.RepositoryID, pr.Number}, viewer(p)...), limit+1)...)
	if more = len(all) > limit; more {
		all = all[:limit]
	}
	slices.Reverse(all)
	return all, more, err
}

// Said is the comment of a pull request with an id, if who acts as p may see it. A *rest.Error (404) says that there is none.
func (room *Room) Said(ctx context.Context, p *access.Principal, pr *PullRequest, id int64) (*Comment, error) {
	room.keepUp(ctx, pr)
	return findComment(ctx, room.DB, p, pr, id)
}

// Remark is what a form says of a new comment.
type Remark struct {
	Text    string
	Parent  int64             // that it answers; 0 for none
	Inline  *commit.PlaceBody // nil for the whole pull request
	Seen    gitstore.Hash     // the contents of the file in which the lines were seen; "" to take them as they are
	Pending bool
}

// Comment makes a comment for who acts as p, whom the caller has found to take part. A *rest.Error has the fields of the API; that of
// pullrequest.moved (409) says that the file holds something else than was seen.
func (room *Room) Comment(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m Remark) (*Comment, error) {
	b := commentBody{Content: &commit.TextBody{Raw: &m.Text}, Inline: m.Inline, Pending: &m.Pending}
	if m.Parent != 0 {
		b.Parent = &commit.ParentBody{ID: &m.Parent}
	}
	if m.Inline != nil && m.Seen != "" {
		place, err := m.Inline.Place()
		if err != nil {
			return nil, err
		}
		if err := room.seen(ctx, pr, place, m.Seen); err != nil {
			return nil, err
		}
	}
	return room.speak(ctx, p, r, pr, b)
}

// seen refuses a place on lines of a file that holds something else now than it did when they were seen.
func (room *Room) seen(ctx context.Context, pr *PullRequest, at commit.Place, seen gitstore.Hash) error {
	git, hash := room.Repositories.Git, pr.SourceHash
	if at.To == 0 && at.From > 0 {
		base, err := git.MergeBase(ctx, pr.RepositoryID, pr.DestinationHash, pr.SourceHash)
		if errors.Is(err, gitstore.ErrNotFound) {
			base, err = pr.DestinationHash, nil
		}
		if err != nil {
			return err
		}
		hash = base
	}
	c, err := git.Commit(ctx, pr.RepositoryID, hash)
	if err != nil {
		return err
	}
	now, err := git.At(ctx, pr.RepositoryID, c.Tree, at.Path)
	if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
		return err
	}
	if err != nil || now.Hash != seen {
		return moved("The file was changed since you have seen its lines.")
	}
	return nil
}

// Reword changes what a comment says. A *rest.Error says that who acts as p did not write it, or that it was deleted.
func (room *Room) Reword(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment, text string) error {
	return room.reword(ctx, p, r, pr, m, commentBody{Content: &commit.TextBody{Raw: &text}})
}

// Publish lets others see a comment that is pending, with the tasks on it. A *rest.Error says why it cannot be.
func (room *Room) Publish(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment) error {
	published := false
	return room.reword(ctx, p, r, pr, m, commentBody{Pending: &published})
}

// Delete takes the text of a comment away; what answers it stays. A *rest.Error says that who acts as p may not.
func (room *Room) Delete(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment) error {
	return room.takeAway(ctx, p, r, pr, m)
}

// Resolve settles a comment, or opens it again. A *rest.Error says that it is none of those that are settled, or is already.
func (room *Room) Resolve(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment, settled bool) error {
	return room.resolveFor(ctx, p, r, pr, m, settled)
}

// Done tells whether a task is.
func (t *Task) Done() bool { return !t.Resolved.On.IsZero() }

// Todos are the tasks of a pull request that who acts as p may see, the oldest first.
func (room *Room) Todos(ctx context.Context, p *access.Principal, pr *PullRequest) ([]Task, error) {
	rows, err := database.Collect(ctx, room.DB, scanTask, `SELECT `+taskColumns+fromTasks+visible+` ORDER BY m.id`, append([]any{pr.RepositoryID, pr.Number}, viewer(p)...)...)
	if err == nil {
		err = fillTasks(ctx, room.DB, rows)
	}
	return rows, err
}

// Todo is the task with an id, if who acts as p may see it. A *rest.Error (404) says that there is none.
func (room *Room) Todo(ctx context.Context, p *access.Principal, pr *PullRequest, id int64) (*Task, error) {
	return findTask(ctx, room.DB, p, pr, id)
}

// Ask makes a task, for a comment unless that is 0. A *rest.Error has the fields of the API.
func (room *Room) Ask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, text string, comment int64, pending bool) (*Task, error) {
	b := taskBody{Content: &commit.TextBody{Raw: &text}, Pending: &pending}
	if comment != 0 {
		b.Comment = &commit.ParentBody{ID: &comment}
	}
	return room.ask(ctx, p, r, pr, b)
}

// RewordTask changes what a task says. A *rest.Error says that who acts as p did not make it.
func (room *Room) RewordTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task, text string) error {
	return room.changeTask(ctx, p, r, pr, t, taskChangeBody{Content: &commit.TextBody{Raw: &text}})
}

// FinishTask marks a task as done, or as open again.
func (room *Room) FinishTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task, done bool) error {
	state := taskOpen
	if done {
		state = taskDone
	}
	return room.changeTask(ctx, p, r, pr, t, taskChangeBody{State: &state})
}

// PublishTask lets others see a task that is pending. A *rest.Error says why it cannot be.
func (room *Room) PublishTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task) error {
	published := false
	return room.changeTask(ctx, p, r, pr, t, taskChangeBody{Pending: &published})
}

// RemoveTask removes a task. A *rest.Error says that who acts as p may not.
func (room *Room) RemoveTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task) error {
	return room.removeTask(ctx, p, r, pr, t)
}
