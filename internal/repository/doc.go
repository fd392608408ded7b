// Package repository is the room of repositories: what they are called, where they belong, who reaches them, and
// their commits, branches and tags as the API shows them.
//
//	repository.go  Repository and what may be a name
//	service.go     the rules: create, update, delete, what a push changes
//	store.go       the SQL, and with it how far a principal's privilege on a repository reaches
//	operations.go  declarations; the repository itself as JSON
//	permissions.go who may do what on a repository, and on which grants
//	commits.go     commits and revisions
//	refs.go        branches and tags
//	look.go        what pages ask: parts of lists, authors, the README
//	slug.go        names to slugs
//
// Git data lives in package gitstore, under the repository's id; git over HTTP is package githttp.
package repository
