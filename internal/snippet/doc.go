// Package snippet is the room of snippets: a few files with a title that a workspace shares, each snippet a Git repository of its
// own with one branch. Nothing that happens to one is an event: Bitbucket documents none for snippets.
//
//	snippet.go    Snippet, and who may do what with one
//	operations.go declarations; a snippet as JSON
//	list.go       the snippets of a workspace
//	form.go       what a request says of a snippet and its files
//	write.go      the rules: create, update, delete
//	store.go      the SQL
//	related.go    a snippet with its files in one answer
//	revision.go   its revisions: files, changes, commits
//	comments.go   what people say of it
//	watch.go      who watches it
//	page.go       what pages ask
//	push.go       what git may push
//
// Git data lives in package gitstore, under the snippet's id.
package snippet
