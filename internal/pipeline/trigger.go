package pipeline

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// trigger is something that may start a pipeline, and has not been looked at yet.
type trigger struct {
	id           string
	repositoryID string
	target       Target // of a pull request only its number
	who          account.Person
	on           time.Time
}

// Wants is event.Listener's: pushes and pull requests, where pipelines are switched on.
func (room *Room) Wants(ctx context.Context, q database.Queryer, key event.Key, at event.Place) (bool, error) {
	if key != event.RepositoryPush && key != event.PullRequestCreated && key != event.PullRequestPush || at.RepositoryID == "" {
		return false, nil
	}
	s, err := readConfig(ctx, q, at.RepositoryID)
	return s.enabled, err
}

// Hear is event.Listener's: it notes what may start a pipeline. To look at the file and at git is for Triggered, once it has happened.
func (room *Room) Hear(ctx context.Context, tx *database.Tx, e event.Event) error {
	if wants, err := room.Wants(ctx, tx, e.Key, e.At); err != nil || !wants {
		return err
	}
	var targets []Target
	switch of := e.Payload["push"].(type) {
	case repository.Push:
		for _, c := range of.Changes {
			if c.New == nil || c.New.Target == nil || c.New.Type != "branch" && c.New.Type != "tag" {
				continue
			}
			t := Target{RefType: c.New.Type, RefName: c.New.Name, Commit: gitstore.Hash(c.New.Target.Hash)}
			if c.Old != nil && c.Old.Target != nil {
				t.Before = gitstore.Hash(c.Old.Target.Hash)
			}
			targets = append(targets, t)
		}
	}
	if pr, ok := e.Payload["pullrequest"].(pullrequest.JSON); ok && e.Key != event.RepositoryPush {
		targets = append(targets, Target{PullRequest: pr.ID})
	}
	var waiting int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM pipeline_trigger WHERE repository_id = $1`, e.At.RepositoryID).Scan(&waiting); err != nil {
		return err
	}
	if left := maxWaiting - waiting; len(targets) > left {
		room.Log.Warn("a push changes too much to start a pipeline for all of it", "repository", e.At.RepositoryID, "left_out", len(targets)-left)
		targets = targets[:max(left, 0)]
	}
	who := account.PersonOf(access.Actor(ctx))
	for _, t := range targets {
		id, err := newID()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO pipeline_trigger (id, repository_id, ref_type, ref_name, commit_hash, before_hash, pull_request, actor_id, actor_credential, actor_name, created_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, id, e.At.RepositoryID, t.RefType, t.RefName, string(t.Commit), string(t.Before), t.PullRequest,
			who.ID(), who.Credential, who.Name, database.Micros(room.Now())); err != nil {
			return err
		}
	}
	tx.Then(room.triggers.ring)
	return nil
}

const (
	maxTriggers = 100       // that are looked at together
	maxWaiting  = 200       // of a repository
	stale       = time.Hour // for so long a trigger is tried again that fails for no reason of its own
)

// Triggered starts what has been triggered and not been looked at yet, in one repository or, for "", in all.
func (room *Room) Triggered(ctx context.Context, repositoryID string) error {
	where, args := ` WHERE t.id > $1`, []any{""}
	if repositoryID != "" {
		where, args = where+` AND t.repository_id = $3`, append(args, maxTriggers, repositoryID)
	} else {
		args = append(args, maxTriggers)
	}
	var failures []error
	for {
		rows, err := database.Collect(ctx, room.DB, scanTrigger, `SELECT t.id, t.repository_id, t.ref_type, t.ref_name, t.commit_hash, t.before_hash, t.pull_request, COALESCE(t.actor_id, ''),
			t.actor_credential, t.actor_name, t.created_on FROM pipeline_trigger t`+where+` ORDER BY t.id LIMIT $2`, args...)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for i := range rows {
			args[0] = rows[i].id
			if err := room.follow(ctx, &rows[i]); err != nil {
				failures = append(failures, err)
			}
		}
		if len(rows) < maxTriggers {
			return errors.Join(failures...)
		}
	}
}

func scanTrigger(row func(...any) error) (t trigger, err error) {
	var actor string
	var on int64
	err = row(&t.id, &t.repositoryID, &t.target.RefType, &t.target.RefName, &t.target.Commit, &t.target.Before, &t.target.PullRequest, &actor, &t.who.Credential, &t.who.Name, &on)
	t.who.Account, t.on = account.Known(actor), database.Time(on)
	return t, err
}

// follow does what a trigger says, once.
func (room *Room) follow(ctx context.Context, t *trigger) error {
	plans, err := room.plansOf(ctx, t)
	if err != nil && room.Now().Sub(t.on) < stale {
		return err
	}
	failed := err
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM pipeline_trigger WHERE id = $1`, t.id)
		if err != nil || n == 0 {
			return err
		}
		if t.target.PullRequest != 0 { // what was pushed meanwhile is in the plan already
			if _, err := tx.Exec(ctx, `DELETE FROM pipeline_trigger WHERE repository_id = $1 AND pull_request = $2 AND id > $3 AND commit_hash = ''`, t.repositoryID, t.target.PullRequest, t.id); err != nil {
				return err
			}
		}
		for _, plan := range plans {
			_, err := room.Begin(ctx, tx, plan, Starter{Who: t.who, Trigger: Push})
			if _, refused := errors.AsType[*rest.Error](err); refused {
				return nil // switched off meanwhile
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(failed, err)
}

// skips are the words in the message of a commit with which it starts no pipeline.
var skips = regexp.MustCompile(`(?i)\[(skip ci|ci skip)\]`)

// plansOf are what a trigger has run: the pipeline for the target, and those that the file's triggers name.
func (room *Room) plansOf(ctx context.Context, t *trigger) ([]*Plan, error) {
	found, err := room.Repositories.ByIDs(ctx, room.DB, t.repositoryID)
	r := found[t.repositoryID]
	if err != nil || r == nil {
		return nil, err
	}
	target := t.target
	if target.PullRequest != 0 {
		pr, err := room.PullRequests.Find(ctx, r, target.PullRequest)
		if err != nil || pr.State != pullrequest.Open || pr.SourceID != r.ID {
			return nil, unlessRefused(err) // what comes from a fork must not get at the secrets of the repository
		}
		target = Target{RefType: "branch", RefName: pr.SourceBranch, Commit: pr.SourceHash, PullRequest: pr.Number, Into: pr.DestinationBranch, IntoCommit: pr.DestinationHash}
	}
	commit, err := room.Repositories.Git.Commit(ctx, r.ID, target.Commit)
	if err != nil {
		return nil, unlessRefused(notThere(err, "commit", string(target.Commit)))
	}
	if skips.MatchString(commit.Message) {
		return nil, nil
	}
	var plans []*Plan
	switch plan, err := room.Plan(ctx, r, target); {
	case err == nil:
		plans = append(plans, plan)
	case unlessRefused(err) != nil:
		return nil, err
	}
	selectors, err := room.triggeredBy(ctx, r, target, commit)
	if err != nil {
		return nil, err
	}
	for _, name := range selectors {
		target.Selector = pipefile.Selector{Type: pipefile.SelectCustom, Pattern: name}
		switch plan, err := room.Plan(ctx, r, target); {
		case err == nil:
			plans = append(plans, plan)
		case unlessRefused(err) != nil:
			return nil, err
		}
	}
	return plans, nil
}

// unlessRefused is an error, unless it says that there is nothing to run.
func unlessRefused(err error) error {
	if _, refused := errors.AsType[*rest.Error](err); refused {
		return nil
	}
	return err
}

// triggeredBy are the custom pipelines that triggers of the file name whose event and condition the target fits. Pull requests that were made
// and those whose source has moved are told apart by nothing here: the triggers of both hold.
func (room *Room) triggeredBy(ctx context.Context, r *repository.Repository, t Target, commit *gitstore.Commit) (names []string, err error) {
	file, err := room.fileOf(ctx, r, &t, commit)
	if err != nil || file == nil || len(file.Triggers) == 0 {
		return nil, err
	}
	events := []string{"repository-push"}
	if t.PullRequest != 0 {
		events = []string{"pullrequest-created", "pullrequest-push"}
	}
	about := pipefile.Context{Variables: standing(&t, nil)}
	for i, of := range file.Triggers {
		if !slices.Contains(events, of.Event) {
			continue
		}
		if of.Condition != nil && about.Changed == nil && strings.Contains(of.Condition.String(), "changesetInclude") {
			if about.Changed, err = room.changed(ctx, &Plan{repository: r, target: t}, commit); err != nil {
				return nil, err
			}
		}
		if file.Triggers[i].Condition == nil || file.Triggers[i].Condition.Holds(about) {
			for _, name := range of.Pipelines {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names, nil
}

// fileOf is the file of a commit; nil where there is none, or it is broken.
func (room *Room) fileOf(ctx context.Context, r *repository.Repository, t *Target, commit *gitstore.Commit) (*pipefile.File, error) {
	data, err := room.Repositories.File(ctx, r, commit, fileName, maxFile)
	if err != nil || !bytes.Contains(data, []byte("triggers")) {
		return nil, unlessRefused(err)
	}
	file, _ := pipefile.Parse(data, standing(t, nil))
	return file, nil
}
