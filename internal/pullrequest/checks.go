package pullrequest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Check is a branch restriction that a pull request does not satisfy.
type Check struct {
	Kind        string `json:"kind"`
	Restriction int64  `json:"branch_restriction"`
	Missing     string `json:"missing"` // one sentence
}

// rules are the restrictions of a destination branch, with what has to be asked of git and of builds. Both are of the commits that
// the pull request had then.
type rules struct {
	holding []branching.Restriction
	behind  int
	builds  []commit.Status
}

// rules reads what holds for the destination of a pull request, for who acts as p.
func (room *Room) rules(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest) (v rules, err error) {
	if v.holding, err = room.Branching.Holding(ctx, room.DB, r, pr.DestinationBranch, p.AccountID()); err != nil {
		return v, err
	}
	for i := range v.holding {
		switch b := &v.holding[i]; b.Kind {
		case branching.RestrictMerges:
			return v, rest.Refusef(reason.BranchRestricted, "Branch restriction %d (%s) holds for %s: nobody may merge into it but the users and groups that the restriction names.", b.ID, b.Kind, pr.DestinationBranch).
				With("branch_restriction", b.ID)
		case branching.RequireCommitsBehind:
			behind, err := room.Repositories.Git.Count(ctx, r.ID, pr.DestinationHash, pr.SourceHash, b.Least()+1)
			if err != nil {
				return v, err
			}
			v.behind = max(v.behind, behind)
		case branching.RequireBuilds:
			if v.builds, err = room.Commits.Statuses(ctx, r, pr.SourceHash); err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

// failing lists the checks that a pull request does not satisfy.
func (room *Room) failing(ctx context.Context, q database.Queryer, r *repository.Repository, pr *PullRequest, v rules) (failing []Check, err error) {
	approvals := pr.approvals()
	for i := range v.holding {
		b := &v.holding[i]
		missing := ""
		fewer := func(have int, what string) {
			if have < b.Least() {
				missing = fmt.Sprintf("%d of %d %s.", have, b.Least(), what)
			}
		}
		switch b.Kind {
		case branching.RequireApprovals:
			fewer(len(approvals), "approvals; the author's does not count")
		case branching.RequireDefaultApprovals:
			defaults, err := room.effective(ctx, q, r, maxReviewers*2)
			if err != nil {
				return nil, err
			}
			have := 0
			for _, t := range approvals {
				if slices.ContainsFunc(defaults, func(d defaultReviewer) bool { return d.who.ID == t.Who.ID }) {
					have++
				}
			}
			fewer(have, "approvals of default reviewers")
		case branching.RequireGroupApprovals:
			have, err := approvingGroups(ctx, q, r, pr)
			if err != nil {
				return nil, err
			}
			fewer(have, "groups with access to the repository of which a member has approved")
		case branching.RequireNoRequests:
			var who []string
			for _, t := range pr.Participants {
				if t.State == ChangesRequested {
					who = append(who, t.Who.DisplayName)
				}
			}
			if len(who) > 0 {
				missing = "Changes are requested by " + strings.Join(who, ", ") + "."
			}
		case branching.RequireTasks:
			if pr.Tasks > 0 {
				missing = fmt.Sprintf("Open tasks: %d.", pr.Tasks)
			}
		case branching.RequireComments:
			if pr.Unresolved > 0 {
				missing = fmt.Sprintf("Comments that are not resolved: %d.", pr.Unresolved)
			}
		case branching.RequireBuilds:
			missing = missingBuilds(v.builds, b.Least())
		case branching.RequireCommitsBehind:
			if v.behind > b.Least() {
				missing = fmt.Sprintf("The source branch is behind %s by more commits than %d. Merge or rebase it.", pr.DestinationBranch, b.Least())
			}
		}
		if missing != "" {
			failing = append(failing, Check{b.Kind, b.ID, missing})
		}
	}
	return failing, nil
}

// missingBuilds says what builds lack: so many are to be successful, and none may be anything else.
func missingBuilds(builds []commit.Status, least int) string {
	good, others := 0, []string{}
	for _, s := range builds {
		if s.State == commit.Successful {
			good++
		} else {
			others = append(others, s.Name+" is "+s.State)
		}
	}
	switch {
	case len(others) > 10:
		return fmt.Sprintf("%d builds of the last commit were not successful.", len(others))
	case len(others) > 0:
		return "Builds of the last commit: " + strings.Join(others, ", ") + "."
	case good < least:
		return fmt.Sprintf("%d of %d successful builds of the last commit.", good, least)
	}
	return ""
}

// approvingGroups is how many review groups have approved. Pail's review groups are the groups of the workspace that something was
// granted to on the repository or its project; one has approved when a member has who is not the author.
func approvingGroups(ctx context.Context, q database.Queryer, r *repository.Repository, pr *PullRequest) (n int, err error) {
	author := ""
	if pr.Author.Account != nil {
		author = pr.Author.Account.ID
	}
	err = q.Row(ctx, `SELECT COUNT(DISTINCT m.group_id) FROM group_member m JOIN pull_request_participant t ON t.account_id = m.account_id
		WHERE t.repository_id = $1 AND t.number = $2 AND t.state = 'approved' AND t.account_id <> $3
		AND m.group_id IN (SELECT group_id FROM repository_group_grant WHERE repository_id = $1 UNION SELECT group_id FROM project_group_grant WHERE project_id = $4)`,
		pr.RepositoryID, pr.Number, author, r.Project.ID).Scan(&n)
	return n, err
}

// check refuses a merge that lacks something. Bitbucket warns of failing checks, and merges all the same, unless a restriction of the
// kind enforce_merge_checks holds for the branch: so it is here.
func (room *Room) check(ctx context.Context, q database.Queryer, r *repository.Repository, pr *PullRequest, v rules) error {
	if !slices.ContainsFunc(v.holding, func(b branching.Restriction) bool { return b.Kind == branching.EnforceChecks }) {
		return nil
	}
	failing, err := room.failing(ctx, q, r, pr, v)
	if err != nil || len(failing) == 0 {
		return err
	}
	lines := make([]string, len(failing))
	for i, c := range failing {
		lines[i] = c.Kind + ": " + c.Missing
	}
	e := rest.Refuse(reason.PullRequestChecks, strings.Join(lines, " ")).With("checks", failing)
	for _, c := range failing {
		_ = e.Field(c.Kind, c.Missing)
	}
	return e
}
