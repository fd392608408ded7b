package pullrequest

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
)

// A comment on a line keeps the two commits in whose changes the line stands. When the branches move on, it moves with them: git says
// how the lines of the file went from those commits to the new ones. That is written down when a source moves, and not worked out
// whenever somebody reads: the commits before are sure to be there only then, lists can be filtered by lines, and who reads waits for
// no git. What was missed, by a crash or by a comment made in that moment, and what a move of the destination changes, is made up for
// by the next who reads. For the files of one pull request it takes a few processes of git, and not one for each comment.
//
// A comment whose lines are gone is outdated, and stays where it was last, with those commits. Should the branch come back to them,
// so does the comment.

// anchor is where a comment stands.
type anchor struct {
	id int64
	commit.Place
	span     span
	outdated bool
}

// span is between which commits changes are.
type span struct{ source, destination gitstore.Hash }

// stale is the condition of the comments whose place is not known for the commits $3 and $4: they stand in others, or are outdated
// and stand in these. A destination says nothing of lines that are in the source.
const stale = ` AND m.path <> '' AND m.outdated = (m.source_hash = $3 AND (m.line_from = 0 OR m.destination_hash = $4))`

// keepUp brings the comments of a pull request to where their lines are now. What fails is logged: comments are shown where they were.
func (room *Room) keepUp(ctx context.Context, pr *PullRequest) {
	if err := room.tryKeepUp(ctx, pr); err != nil && ctx.Err() == nil {
		room.Log.Error("comments did not follow their lines", "repository", pr.RepositoryID, "pull_request", pr.Number, "error", err)
	}
}

func (room *Room) tryKeepUp(ctx context.Context, pr *PullRequest) error {
	rows, err := database.Collect(ctx, room.DB, func(row func(...any) error) (a anchor, err error) {
		return a, row(&a.id, &a.Path, &a.From, &a.To, &a.StartFrom, &a.StartTo, &a.span.source, &a.span.destination, &a.outdated)
	}, `SELECT m.id, m.path, m.line_from, m.line_to, m.start_from, m.start_to, m.source_hash, m.destination_hash, m.outdated`+fromComments+stale+` ORDER BY m.id`,
		pr.RepositoryID, pr.Number, string(pr.SourceHash), string(pr.DestinationHash))
	if err != nil || len(rows) == 0 {
		return err
	}
	now, moved := span{pr.SourceHash, pr.DestinationHash}, slices.Clone(rows)
	groups := map[span][]*anchor{}
	for i := range moved {
		a := &moved[i]
		if a.outdated {
			a.outdated = false // what it stands in has come back
			continue
		}
		groups[a.span] = append(groups[a.span], a)
	}
	for before, group := range groups {
		if err := room.followLines(ctx, pr.RepositoryID, before, now, group); err != nil {
			return err
		}
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		for i := range rows {
			was, a := &rows[i], &moved[i]
			// Whoever was faster has done the same, or something that is newer.
			if _, err := tx.Exec(ctx, `UPDATE pull_request_comment SET path = $3, line_from = $4, line_to = $5, start_from = $6, start_to = $7, source_hash = $8, destination_hash = $9, outdated = $10
				WHERE repository_id = $1 AND id = $2 AND source_hash = $11 AND destination_hash = $12 AND outdated = $13`,
				pr.RepositoryID, a.id, a.Path, a.From, a.To, a.StartFrom, a.StartTo, string(a.span.source), string(a.span.destination), a.outdated,
				string(was.span.source), string(was.span.destination), was.outdated); err != nil {
				return err
			}
		}
		return nil
	})
}

// followLines moves anchors that stand in the same changes to other ones. Where git cannot say how the lines went, as when a commit is
// gone, they are outdated.
func (room *Room) followLines(ctx context.Context, id string, before, now span, group []*anchor) error {
	var old, current []string // paths, of the files without the changes and with them
	for _, a := range group {
		if a.From > 0 {
			old = append(old, a.Path)
		}
		if a.To > 0 || a.From == 0 {
			current = append(current, a.Path)
		}
	}
	with, err := room.shifts(ctx, id, before.source, now.source, current)
	var without map[string]*gitstore.Shift
	if err == nil && len(old) > 0 {
		without, err = room.shiftsOfBase(ctx, id, before, now, old)
	}
	if _, known := errors.AsType[*gitstore.Error](err); known {
		with, without = nil, nil
	} else if err != nil {
		return err
	}
	for _, a := range group {
		p, ok := movedPlace(a.Place, without[a.Path], with[a.Path])
		if a.outdated = !ok; ok {
			a.Place, a.span = p, now
		}
	}
	return nil
}

// shifts says how the lines of files went from one commit to another.
func (room *Room) shifts(ctx context.Context, id string, from, to gitstore.Hash, paths []string) (map[string]*gitstore.Shift, error) {
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if from == to || len(paths) == 0 {
		same := make(map[string]*gitstore.Shift, len(paths))
		for _, path := range paths {
			same[path] = &gitstore.Shift{Path: path}
		}
		return same, nil
	}
	return room.Repositories.Git.Follow(ctx, id, from, to, paths)
}

// shiftsOfBase does that for the files without the changes: those of the commit from which source and destination part.
func (room *Room) shiftsOfBase(ctx context.Context, id string, before, now span, paths []string) (map[string]*gitstore.Shift, error) {
	var bases [2]gitstore.Hash
	for i, s := range []span{before, now} {
		var err error
		if bases[i], err = room.Repositories.Git.MergeBase(ctx, id, s.destination, s.source); err != nil {
			return nil, err
		}
	}
	return room.shifts(ctx, id, bases[0], bases[1], paths)
}

// movedPlace is where a place is after the file without the changes went as without says, and the one with them as with does; nil is
// one that is gone. ok is false when its lines are. Of several lines it is those that are left.
func movedPlace(p commit.Place, without, with *gitstore.Shift) (moved commit.Place, ok bool) {
	side := func(s *gitstore.Shift, start, end *int) bool {
		if *end == 0 {
			return true
		}
		if s == nil {
			return false
		}
		first, last := s.Lines(cmp.Or(*start, *end), *end)
		if *start > 0 {
			*start = first
		}
		*end = last
		return last > 0
	}
	if !side(without, &p.StartFrom, &p.From) || !side(with, &p.StartTo, &p.To) {
		return p, false
	}
	leads := with
	if p.To == 0 && p.From > 0 {
		leads = without
	}
	if leads == nil || leads.Path == "" {
		return p, false
	}
	p.Path = leads.Path
	return p, true
}
