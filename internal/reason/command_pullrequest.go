package reason

// The commands for pull requests that cannot be merged.
var (
	pullRequest = curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER`, "The pull request as it is: its state, its branches with what they hold, and who has approved it.")
	mergeAgain  = curl(`-X POST --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/merge`, "Merges it, once nothing stands in the way.")
	openAnother = curl(`--user "$EMAIL:$TOKEN" --json '{"title": "What it is for", "source": {"branch": {"name": "SOURCE"}}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests`, "Opens a pull request of the branch SOURCE into the main branch.")

	pullRequestCommands = map[Code]ways{
		PullRequestClosed: {show: []Command{pullRequest}, mend: []Command{openAnother}},
		PullRequestNothing: {
			show: []Command{shell(`git log --oneline origin/DESTINATION..origin/SOURCE`, "The commits that there are to merge; nothing is printed where there are none.")},
			mend: []Command{shell(`git push origin SOURCE`, "Brings the commits to the source branch."), openAnother},
		},
		PullRequestConflict: {
			show: []Command{shell(`git merge-tree --write-tree --name-only origin/DESTINATION origin/SOURCE`, "The files in conflict, below the name of a tree.")},
			mend: []Command{shell(`git switch SOURCE && git merge origin/DESTINATION`, "Brings the conflicts into the work tree. Resolve them, commit and push."), mergeAgain},
		},
		PullRequestChecks: {
			show: []Command{pullRequest, curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/branch-restrictions`, "The restrictions, for administrators of the repository: which hold for the branch, and what they require.")},
			mend: []Command{curl(`-X POST --user "$REVIEWER_EMAIL:$REVIEWER_TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/approve`, "A reviewer approves it."), mergeAgain},
		},
		PullRequestMoved: {show: []Command{pullRequest}, mend: []Command{mergeAgain}},
		PullRequestThread: {
			show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/comments/COMMENT`, "The comment: it can be resolved when it has inline and no parent, and pending is false.")},
			mend: []Command{curl(`-X POST --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/comments/COMMENT/resolve`, "Resolves the comment that the conversation began with.")},
		},
		PullRequestSuggestion: {
			show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/comments/COMMENT`, "The comment: what it suggests is in content.raw, its lines are inline, and outdated tells that they have changed.")},
			mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"content": {"raw": "~~~suggestion\nas it should be\n~~~"}, "inline": {"path": "SOURCE", "to": 1}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/pullrequests/NUMBER/comments`, "Suggests something for the first line of the file SOURCE, as it is now.")},
		},
	}
)
