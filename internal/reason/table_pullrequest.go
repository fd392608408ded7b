package reason

var pullRequestReasons = []Reason{
	{
		Code: PullRequestClosed, Title: "The pull request is closed", Status: 400,
		Message: "The pull request was already closed.",
		Why:     "It is merged or declined, and stays so: it cannot be changed, reviewed, merged or opened again. error.data.state says which.",
		Fix: []string{
			"Look at it: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER`.",
			"Open another one for what is left to merge.",
		},
		See: []Code{PullRequestNothing, ConflictState},
	},
	{
		Code: PullRequestNothing, Title: "There is nothing to merge", Status: 400,
		Message: "There are no changes to be pulled.",
		Why:     "Every commit of the source branch is in the destination branch already, the merge would change nothing, or the two have no history in common. error.detail says which.",
		Fix: []string{
			"Push the commits to the source branch first.",
			"Check the direction: source is the branch with the new commits, destination the one that they go into.",
		},
		See: []Code{PullRequestClosed, RevisionNotFound},
	},
	{
		Code: PullRequestConflict, Title: "The two branches conflict", Status: 409,
		Message: "The pull request has merge conflicts.",
		Why:     "Both branches have changed the same lines, so that nobody but people can say what is right. error.data.files names the files; for a rebase, error.data.commit the commit that does not fit.",
		Fix: []string{
			"In a clone: `git switch SOURCE`, `git merge origin/DESTINATION`, resolve the conflicts, commit and push. The pull request follows.",
		},
		See: []Code{PullRequestMoved, PullRequestChecks},
	},
	{
		Code: PullRequestChecks, Title: "The pull request lacks something that is required", Status: 409,
		Message: "The pull request does not satisfy its merge checks.",
		Why: "Branch restrictions of the destination require something before a merge, such as approvals or successful builds, and one of the kind enforce_merge_checks " +
			"makes them binding. error.data.checks lists every one that is not satisfied, with what is missing.",
		Fix: []string{
			"Get what is missing: approvals of others than the author, builds that report a status to the last commit, tasks that are done.",
			"An administrator can change the restriction; without enforce_merge_checks the checks do not stand in the way.",
		},
		See: []Code{BranchRestricted, PullRequestConflict},
	},
	{
		Code: PullRequestMoved, Title: "A branch has moved while it was merged", Status: 409,
		Message: "Unable to merge because one of the refs involved changed while attempting to merge.",
		Why:     "Somebody has pushed to one of the two branches, or changed the pull request, between the request and the merge. Nothing was merged, and nothing is lost.",
		Fix: []string{
			"Look at what is new, and merge again.",
		},
		See: []Code{PullRequestConflict, ConflictState},
	},
	{
		Code: PullRequestThread, Title: "The comment cannot be resolved", Status: 403,
		Message: "Only top-level comments on the diff can be resolved.",
		Why:     "Only a comment on lines or on a file of the changes can be resolved or opened again, which answers no other one and is published. This one is an answer, is about the pull request as a whole, or is pending.",
		Fix: []string{
			"Resolve the comment that the conversation began with: follow parent.id to the one without a parent.",
			"For something to be done that is on no line, make a task: `POST .../pullrequests/NUMBER/tasks`.",
		},
		See: []Code{PullRequestChecks, ConflictState},
	},
	{
		Code: PullRequestSuggestion, Title: "What a comment suggests cannot be applied", Status: 409,
		Message: "The suggestion cannot be applied.",
		Why: "A suggestion is a fenced block in a comment with the word suggestion behind the fence, for the lines that the comment stands on. It is applied to exactly the lines " +
			"that it was written for: not when these have changed since, or are gone, nor to lines that the changes take away. error.detail says which of this it is.",
		Fix: []string{
			"Look at the lines as they are now, and change them by hand: in a clone, or with `POST .../src`.",
			"Make a new comment on the lines, with the block in it.",
		},
		See: []Code{PullRequestMoved, PullRequestClosed},
	},
}
