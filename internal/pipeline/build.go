package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// A pipeline gives its commit a status, under a key that is the same for all pipelines that are run for the same: so one that was run
// again stands in for the one before, and merges go by it.

// buildState is the state of a build in the words of commits' statuses.
func buildState(status string) string {
	switch status {
	case "":
		return ""
	case Pending, Running, Paused:
		return commit.InProgress
	case Successful:
		return commit.Successful
	case Stopped:
		return commit.Stopped
	}
	return commit.Failed
}

// say gives a pipeline's commit the status that the pipeline has come to. Those that run for a step of another one say nothing.
func (room *Room) say(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline) error {
	if p.ParentStep != "" {
		return nil
	}
	t := &p.Target
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%d", t.RefType, t.RefName, t.Selector.Type, t.Selector.Pattern, t.PullRequest))
	s := commit.Status{Key: "pipelines-" + hex.EncodeToString(sum[:12]), State: buildState(p.Status), Name: cut(fmt.Sprintf("Pipeline #%d for %s", p.Number, t.name()), 255),
		URL: room.page(r, p).Href, Description: p.describe(), RefName: t.RefName, Created: p.Created, Updated: room.Now()}
	err := room.Commits.Report(ctx, tx, r, t.Commit, &s)
	if _, full := errors.AsType[*rest.Error](err); full {
		return nil // the commit has as many statuses as it may; the pipeline runs all the same
	}
	return err
}

// name is what a target is called in a sentence.
func (t *Target) name() string {
	switch {
	case t.PullRequest != 0:
		return fmt.Sprintf("pull request %d", t.PullRequest)
	case t.RefName != "":
		return t.RefName
	}
	return t.Commit.Short()
}

// describe says in a few words how a pipeline stands.
func (p *Pipeline) describe() string {
	switch {
	case p.ErrorKey != "":
		return "It could not be run."
	case p.Status == Paused:
		return "It waits for somebody to start the next step."
	}
	return ""
}
