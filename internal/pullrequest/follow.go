package pullrequest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
)

// Moved follows branches that have moved: open pull requests into them, and open pull requests from them, in whatever repository.
// Who calls it has moved them already; what fails here is made up for by the next who looks.
func (room *Room) Moved(ctx context.Context, repositoryID string, updates []gitstore.RefUpdate) error {
	var branches []string
	for _, u := range updates {
		if name, ok := (repository.RefChange{Ref: u.Name}).Branch(); ok {
			branches = append(branches, name)
		}
	}
	return room.follow(ctx, repositoryID, branches)
}

// follow brings open pull requests up to date with branches of a repository. Sources come first: what is asked to be merged into a
// branch has to be known before it can be told whether a push of that branch has brought it.
func (room *Room) follow(ctx context.Context, repositoryID string, branches []string) error {
	for batch := range slices.Chunk(branches, maxBatch) {
		args := []any{repositoryID}
		for _, branch := range batch {
			args = append(args, branch)
		}
		rows, err := database.Collect(ctx, room.DB, scan, `SELECT `+columns+from+`pr.state = 'OPEN' AND pr.source_id = $1 AND pr.source_branch IN (`+marks(2, len(batch))+`) ORDER BY pr.repository_id, pr.number`, args...)
		if err != nil {
			return err
		}
		for into, of := range byRepository(rows) {
			for part := range slices.Chunk(of, maxBatch) {
				if err := room.followSources(ctx, into, repositoryID, part); err != nil {
					return err
				}
			}
		}
		if err := room.followDestinations(ctx, repositoryID, batch); err != nil {
			return err
		}
	}
	return nil
}

// maxBatch bounds how many branches or pull requests are treated together.
const maxBatch = 200

// maxTries bounds how often something is tried that others move in the meantime.
const maxTries = 10

// errMoved says that a branch has moved since it was looked at.
var errMoved = errors.New("pullrequest: a branch has moved in this moment")

func byRepository(rows []PullRequest) map[string][]PullRequest {
	groups := map[string][]PullRequest{}
	for _, pr := range rows {
		groups[pr.RepositoryID] = append(groups[pr.RepositoryID], pr)
	}
	return groups
}

// followSources is follow for the pull requests into one repository that come from another one, or from itself.
func (room *Room) followSources(ctx context.Context, intoID, sourceID string, rows []PullRequest) error {
	var err error
	for range maxTries {
		if err = room.trySources(ctx, intoID, sourceID, rows); !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

func (room *Room) trySources(ctx context.Context, intoID, sourceID string, rows []PullRequest) error {
	git := room.Repositories.Git
	names, kept := []string{}, []string{}
	for i := range rows {
		names, kept = append(names, gitstore.BranchPrefix+rows[i].SourceBranch), append(kept, ref(rows[i].Number, refFrom))
	}
	branches, err := git.RefValues(ctx, sourceID, names)
	if err != nil {
		return err
	}
	holds, err := git.RefValues(ctx, intoID, kept)
	if err != nil {
		return err
	}
	moved := slices.DeleteFunc(slices.Clone(rows), func(pr PullRequest) bool {
		tip := branches[gitstore.BranchPrefix+pr.SourceBranch]
		return tip == "" || tip == pr.SourceHash && tip == holds[ref(pr.Number, refFrom)]
	})
	if len(moved) == 0 {
		return nil
	}
	found, err := room.Repositories.ByIDs(ctx, room.DB, intoID)
	r := found[intoID]
	if err != nil || r == nil {
		return err
	}
	numbers, tips, rules := []int64{}, map[int64]gitstore.Hash{}, map[int64]resets{}
	var updates []gitstore.RefUpdate
	for i := range moved {
		pr := &moved[i]
		tip := branches[gitstore.BranchPrefix+pr.SourceBranch]
		if sourceID != intoID {
			if err := git.Bring(ctx, sourceID, intoID, tip, ref(pr.Number, refFrom)); err != nil {
				return err
			}
			room.Repositories.Grown(intoID)
		} else {
			updates = append(updates, gitstore.RefUpdate{Name: ref(pr.Number, refFrom), New: tip})
		}
		numbers, tips[pr.Number] = append(numbers, pr.Number), tip
		if rules[pr.Number], err = room.resets(ctx, r, pr, tip); err != nil {
			return err
		}
	}
	var locked []PullRequest
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, intoID); err != nil {
			return err
		}
		// Whoever writes last has looked last: while the row is locked, the branches must hold what was found.
		now, err := git.RefValues(ctx, sourceID, names)
		if err != nil {
			return err
		}
		if !maps.Equal(now, branches) {
			return errMoved
		}
		if err := git.UpdateRefs(ctx, intoID, updates); err != nil {
			return err
		}
		if locked, err = numbered(ctx, tx, intoID, numbers); err != nil {
			return err
		}
		for i := range locked {
			pr := &locked[i]
			if pr.State != Open || pr.SourceHash == tips[pr.Number] {
				continue
			}
			if err := room.advance(ctx, tx, r, pr, tips[pr.Number], rules[pr.Number]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range locked {
		room.keepUp(ctx, &locked[i])
	}
	return nil
}

// advance writes that the source of an open pull request has moved.
func (room *Room) advance(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, tip gitstore.Hash, rules resets) error {
	before := pr.SourceHash
	pr.SourceHash, pr.Updated = tip, room.Now()
	if err := save(ctx, tx, pr); err != nil {
		return err
	}
	for state, reset := range map[string]bool{Approved: rules.approvals, ChangesRequested: rules.requests} {
		if !reset {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE pull_request_participant SET state = '' WHERE repository_id = $1 AND number = $2 AND state = $3`, pr.RepositoryID, pr.Number, state); err != nil {
			return err
		}
		for i := range pr.Participants {
			if pr.Participants[i].State == state {
				pr.Participants[i].State = ""
			}
		}
	}
	if err := room.note(ctx, tx, pr, updated, moment{Changes: event.Changes{"source": {Old: string(before), New: string(tip)}}}); err != nil {
		return err
	}
	if err := room.emit(ctx, tx, event.PullRequestUpdated, r, pr, nil); err != nil {
		return err
	}
	return room.emit(ctx, tx, event.PullRequestPush, r, pr, nil)
}

// resets are what new commits take back.
type resets struct{ approvals, requests bool }

// resets says what the restrictions of the destination branch let a move of the source take back.
func (room *Room) resets(ctx context.Context, r *repository.Repository, pr *PullRequest, tip gitstore.Hash) (what resets, err error) {
	if tip == pr.SourceHash {
		return what, nil
	}
	holding, err := room.Branching.Holding(ctx, room.DB, r, pr.DestinationBranch, "")
	if err != nil {
		return what, err
	}
	for _, b := range holding {
		switch b.Kind {
		case branching.ResetApprovals:
			what.approvals = true
		case branching.ResetRequests:
			what.requests = true
		case branching.SmartResetApprovals:
			if what.approvals {
				continue
			}
			same, err := room.sameChange(ctx, r, pr, tip)
			if err != nil {
				return what, err
			}
			what.approvals = !same
		}
	}
	return what, nil
}

// sameChange tells whether the source changes the same lines with tip as it did before: it was rebased, or got what the destination
// had got.
func (room *Room) sameChange(ctx context.Context, r *repository.Repository, pr *PullRequest, tip gitstore.Hash) (bool, error) {
	git := room.Repositories.Git
	now, err := git.RefValues(ctx, r.ID, []string{gitstore.BranchPrefix + pr.DestinationBranch})
	if err != nil {
		return false, err
	}
	into := now[gitstore.BranchPrefix+pr.DestinationBranch]
	if into == "" {
		into = pr.DestinationHash
	}
	var sums [2][]byte
	for i, end := range [2][2]gitstore.Hash{{pr.SourceHash, pr.DestinationHash}, {tip, into}} {
		base, err := git.MergeBase(ctx, r.ID, end[1], end[0])
		if err != nil {
			return false, ignoreGone(err)
		}
		if sums[i], err = room.changeSum(ctx, r.ID, base, end[0]); err != nil {
			return false, ignoreGone(err)
		}
	}
	return bytes.Equal(sums[0], sums[1]), nil
}

// ignoreGone takes what is not there for a change that is another one.
func ignoreGone(err error) error {
	if _, known := errors.AsType[*gitstore.Error](err); known {
		return nil
	}
	return err
}

// changeSum is a hash of what differs between two commits, wherever in the files it stands.
func (room *Room) changeSum(ctx context.Context, id string, base, tip gitstore.Hash) ([]byte, error) {
	out, err := room.Repositories.Git.Diff(ctx, id, gitstore.DiffQuery{From: base, To: tip, Context: 3})
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	sum, in, goesOn, skip := sha256.New(), bufio.NewReader(out), false, false
	for {
		line, err := in.ReadSlice('\n')
		if !goesOn {
			skip = bytes.HasPrefix(line, []byte("index ")) || bytes.HasPrefix(line, []byte("@@ "))
		}
		if !skip {
			_, _ = sum.Write(line)
		}
		switch goesOn = errors.Is(err, bufio.ErrBufferFull); {
		case errors.Is(err, io.EOF):
			return sum.Sum(nil), nil
		case err != nil && !goesOn:
			return nil, err
		}
	}
}

// followDestinations is follow for the pull requests into branches of a repository.
func (room *Room) followDestinations(ctx context.Context, repositoryID string, branches []string) error {
	args := []any{repositoryID}
	for _, branch := range branches {
		args = append(args, branch)
	}
	type aim struct {
		branch string
		hash   gitstore.Hash
	}
	aims, err := database.Collect(ctx, room.DB, func(row func(...any) error) (a aim, err error) { return a, row(&a.branch, &a.hash) },
		`SELECT DISTINCT pr.destination_branch, pr.destination_hash`+from+`pr.state = 'OPEN' AND pr.repository_id = $1 AND pr.destination_branch IN (`+marks(2, len(branches))+`)`, args...)
	if err != nil {
		return err
	}
	for _, a := range aims {
		err := errMoved
		for try := 0; try < maxTries && errors.Is(err, errMoved); try++ {
			err = room.followDestination(ctx, repositoryID, a.branch, a.hash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// followDestination moves those on that were seen when the branch held before. What has come into its history since then is merged:
// by a push, or by a merge of which a crash has cut off the end.
func (room *Room) followDestination(ctx context.Context, id, branch string, before gitstore.Hash) error {
	git := room.Repositories.Git
	name := gitstore.BranchPrefix + branch
	values, err := git.RefValues(ctx, id, []string{name})
	if err != nil {
		return err
	}
	now := values[name]
	if now == before {
		return nil
	}
	found, err := room.Repositories.ByIDs(ctx, room.DB, id)
	r := found[id]
	if err != nil || r == nil {
		return err
	}
	if now == "" {
		return room.keepDestination(ctx, r, branch, before)
	}
	known := before
	if _, err := git.Stat(ctx, id, before); errors.Is(err, gitstore.ErrNotFound) {
		known = "" // rewritten so long ago that it was pruned
	} else if err != nil {
		return err
	}
	brought, err := git.Within(ctx, id, refPrefix[:len(refPrefix)-1], now, known)
	if err != nil {
		return err
	}
	merged := map[int64]string{}
	for _, ref := range brought {
		switch number, which := numberOf(ref); {
		case which == refMerge, which == refFrom && merged[number] == "":
			merged[number] = which
		}
	}
	cut, err := room.cutOff(ctx, id, merged)
	if err != nil {
		return err
	}
	if len(cut) > 0 {
		// That they are merged was not noted, either.
		defer func() {
			if err := room.Repositories.Told(ctx, id); err != nil {
				room.Log.Error("a merge was not noted as a push", "repository", id, "error", err)
			}
		}()
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, id); err != nil {
			return err
		}
		again, err := git.RefValues(ctx, id, []string{name})
		if err != nil {
			return err
		}
		if again[name] != now {
			return errMoved
		}
		open, err := database.Collect(ctx, tx, func(row func(...any) error) (n int64, err error) { return n, row(&n) },
			`SELECT pr.number`+from+`pr.state = 'OPEN' AND pr.repository_id = $1 AND pr.destination_branch = $2 AND pr.destination_hash = $3 ORDER BY pr.number`, id, branch, string(before))
		if err != nil {
			return err
		}
		open = slices.DeleteFunc(open, func(n int64) bool { return merged[n] == "" })
		for batch := range slices.Chunk(open, maxBatch) {
			rows, err := numbered(ctx, tx, id, batch)
			if err != nil {
				return err
			}
			for i := range rows {
				if err := room.fulfil(ctx, tx, r, &rows[i], merged[rows[i].Number], now, cut[rows[i].Number]); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, `UPDATE pull_request SET destination_hash = $4 WHERE repository_id = $1 AND destination_branch = $2 AND destination_hash = $3 AND state = 'OPEN'`,
			id, branch, string(before), string(now))
		return err
	})
}

// fulfil writes that a pull request was merged without anybody waiting for it. which is the one of its references that the branch has
// in its history now. Where that is a merge of which a crash has cut off the end, cut is that: then it is whose that was.
func (room *Room) fulfil(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, which string, now gitstore.Hash, cut landing) error {
	if cut.number != 0 {
		ctx = access.As(ctx, cut.by)
	}
	pr.State, pr.MergeHash, pr.Updated = Merged, now, room.Now()
	pr.Closer = account.PersonOf(access.Actor(ctx))
	if which == refMerge {
		values, err := room.Repositories.Git.RefValues(ctx, r.ID, []string{ref(pr.Number, refMerge)})
		if err != nil {
			return err
		}
		pr.MergeHash = values[ref(pr.Number, refMerge)]
	}
	if err := room.keep(ctx, pr); err != nil {
		return err
	}
	if err := room.end(ctx, tx, r, pr, event.PullRequestFulfilled); err != nil || cut.number == 0 {
		return err
	}
	return room.landed(ctx, tx, r.ID, cut)
}

// keepDestination has the git store keep what a branch held that is gone: the pull requests into it are seen from there.
func (room *Room) keepDestination(ctx context.Context, r *repository.Repository, branch string, hash gitstore.Hash) error {
	numbers, err := database.Collect(ctx, room.DB, func(row func(...any) error) (n int64, err error) { return n, row(&n) },
		`SELECT pr.number`+from+`pr.state = 'OPEN' AND pr.repository_id = $1 AND pr.destination_branch = $2 AND pr.destination_hash = $3`, r.ID, branch, string(hash))
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(numbers, maxBatch) {
		var updates []gitstore.RefUpdate
		for _, n := range batch {
			updates = append(updates, gitstore.RefUpdate{Name: ref(n, refTo), New: hash})
		}
		if err := room.Repositories.Git.UpdateRefs(ctx, r.ID, updates); err != nil {
			return ignoreGone(err)
		}
	}
	return nil
}

// mend follows the branches of pull requests that somebody is about to see, where a crash, or a command on the server, has moved one
// without anybody being told. It tells whether there was something to do. Nobody is named for what happens so: who looks has not
// done it. What fails is logged, and what is there is shown.
func (room *Room) mend(ctx context.Context, rows []PullRequest) bool {
	stale, err := room.stale(ctx, rows)
	if len(stale) > 0 && err == nil {
		ctx = access.As(context.WithoutCancel(ctx), nil)
		for id, branches := range stale {
			err = errors.Join(err, room.follow(ctx, id, branches))
		}
	}
	if err != nil && ctx.Err() == nil {
		room.Log.Error("pull requests are not up to date with their branches", "error", err)
	}
	return len(stale) > 0 && err == nil
}

// stale are the branches that hold something else than open pull requests say, by repository.
func (room *Room) stale(ctx context.Context, rows []PullRequest) (map[string][]string, error) {
	names := map[string][]string{}
	for _, pr := range rows {
		if pr.State != Open {
			continue
		}
		names[pr.RepositoryID] = append(names[pr.RepositoryID], gitstore.BranchPrefix+pr.DestinationBranch, ref(pr.Number, refFrom))
		if pr.SourceID != "" {
			names[pr.SourceID] = append(names[pr.SourceID], gitstore.BranchPrefix+pr.SourceBranch)
		}
	}
	values := map[string]map[string]gitstore.Hash{}
	for id, of := range names {
		slices.Sort(of)
		var err error
		if values[id], err = room.Repositories.Git.RefValues(ctx, id, slices.Compact(of)); errors.Is(err, gitstore.ErrNotFound) {
			continue // deleted in this moment
		} else if err != nil {
			return nil, err
		}
	}
	stale := map[string][]string{}
	add := func(id, branch string) {
		if !slices.Contains(stale[id], branch) {
			stale[id] = append(stale[id], branch)
		}
	}
	for _, pr := range rows {
		if pr.State != Open {
			continue
		}
		if now := values[pr.RepositoryID][gitstore.BranchPrefix+pr.DestinationBranch]; now != "" && now != pr.DestinationHash {
			add(pr.RepositoryID, pr.DestinationBranch)
		}
		now := values[pr.SourceID][gitstore.BranchPrefix+pr.SourceBranch]
		if now != "" && (now != pr.SourceHash || now != values[pr.RepositoryID][ref(pr.Number, refFrom)]) {
			add(pr.SourceID, pr.SourceBranch)
		}
	}
	return stale, nil
}
