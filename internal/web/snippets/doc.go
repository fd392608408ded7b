// Package snippets is the pages of snippets: a few files with a title that a workspace shares, each snippet a Git repository of its own.
//
//	snippets.go  Mount, and what all pages of one snippet show
//	list.go      the snippets of a workspace, and one's own
//	show.go      one snippet: its files, how to clone it, who watches it
//	history.go   its revisions, and what each has changed
//	talk.go      what people say of it
//	editor.go    the form with its files, which needs no script
//	edit.go      making, changing and deleting one
//	merge.go     a form that was filled in while somebody else changed the files
//
// What does not live here: rules, which are those of the API in package snippet; and how files and differences look, which is as in
// repositories.
package snippets
