// Package pullrequest is the room of pull requests: what is asked to be merged into a branch, who reviews it, and how it ends.
//
//	pullrequest.go  PullRequest, and its SQL
//	room.go         declarations, and whom operations let in
//	render.go       a pull request as JSON
//	create.go       making one
//	update.go       changing and declining one
//	list.go         lists of them
//	look.go         its commits, its changes and its builds
//	review.go       approvals and requests for changes
//	reviewers.go    default reviewers
//	owners.go       code owners, who review what is theirs
//	follow.go       what a push does to those that are open
//	checks.go       what must hold before one is merged
//	merge.go        merging one
//	landing.go      what is kept of a merge while it is under way
//	turns.go        one merge at a time
//	background.go   merging one while nobody waits
//	comments.go     what people say of them
//	resolve.go      settling comments and tasks
//	refer.go        how texts lead to them
//	anchors.go      how comments on lines follow the lines
//	suggest.go      changes that comments suggest
//	tasks.go        what is to be done before they are merged
//	activity.go     what happened, in order
//	events.go       what is told to whoever listens
//	page.go         what pages ask
//	talk.go         what pages ask of comments and tasks
//	watch.go        whoever has one before them is told of changes
//
// A pull request is of the repository that it goes into. While it is open it follows its branches: whoever moves one calls
// Room.Moved, and what a crash has left undone is done by the next who looks (Room.mend). The git store of the repository keeps what
// it is made of in references that no client sees, so that it stays readable whatever becomes of branches and forks:
//
//	refs/pull-requests/N/from   what is to be merged
//	refs/pull-requests/N/to     what it was merged into, or would have been, once it is closed or the branch is gone
//	refs/pull-requests/N/merge  what a merge is about to move the branch to, or has
package pullrequest
