// Package repository is the room of repositories: what they are called, where they belong, who reaches them, and
// their commits, branches, tags and files as the API shows them.
//
//	repository.go  Repository and what may be a name
//	service.go     the rules: create, update, delete, what a push changes
//	store.go       the SQL, and with it how far a principal's privilege on a repository reaches
//	operations.go  declarations; the repository itself as JSON
//	permissions.go who may do what on a repository, and on which grants
//	commits.go     commits and revisions
//	approvals.go   who found a commit good
//	refs.go        branches and tags
//	source.go      directories, files and their history
//	upload.go      commits made of forms
//	diff.go        what differs between two commits
//	search.go      what the search for code asks
//	rows.go        filters and orders of lists that come from git
//	events.go      what is told to whoever listens
//	look.go        what pages ask: parts of lists, authors, the README
//	browse.go      what pages ask of files
//	texts.go       what people write, with links to what it speaks of
//	upkeep.go      what is done behind the scenes: maintenance, and a look at
//	language.go    what a repository is written in
//	judge.go       what rules say of a change of references
//	fork.go        forks
//	transfer.go    moves to another workspace
//	watch.go       watchers
//	shared.go      what the API shows of git, in a repository or a snippet
//	beside.go      what the rooms that stand on this one ask
//	slug.go        names to slugs
//
// Git data lives in package gitstore, under the repository's id; git over HTTP is package githttp.
package repository
