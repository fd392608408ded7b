package branching

import (
	"context"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
)

// The kinds of restrictions that hold for merges of pull requests (schema branchrestriction).
const (
	RestrictMerges          = kindMerge
	RequireTasks            = "require_tasks_to_be_completed"
	RequireApprovals        = "require_approvals_to_merge"
	RequireGroupApprovals   = "require_review_group_approvals_to_merge"
	RequireDefaultApprovals = "require_default_reviewer_approvals_to_merge"
	RequireNoRequests       = "require_no_changes_requested"
	RequireBuilds           = "require_passing_builds_to_merge"
	RequireCommitsBehind    = "require_commits_behind"
	RequireComments         = "require_all_comments_resolved"
	EnforceChecks           = "enforce_merge_checks"
	ResetApprovals          = "reset_pullrequest_approvals_on_change"
	SmartResetApprovals     = "smart_reset_pullrequest_approvals"
	ResetRequests           = "reset_pullrequest_changes_requested_on_change"
)

// Holding are the restrictions that hold for a branch of a repository, but for those that let an account pass; "" is nobody's.
func (room *Room) Holding(ctx context.Context, q database.Queryer, r *repository.Repository, branch, accountID string) (holding []Restriction, err error) {
	all, err := database.Collect(ctx, q, scanJudged, judged+` WHERE b.repository_id = $1 ORDER BY b.id`, r.ID, accountID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	model, err := effective(ctx, q, r)
	if err != nil {
		return nil, err
	}
	for _, b := range all {
		if !b.exempt && b.Matches(branch, model, mainOf(r)) {
			holding = append(holding, b)
		}
	}
	return holding, nil
}

// Least is the number that a restriction counts to; 0 for those that count nothing.
func (b *Restriction) Least() int {
	if b.Value == nil {
		return 0
	}
	return *b.Value
}
