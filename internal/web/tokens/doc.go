// Package tokens is the pages about credentials: the API tokens and app passwords of an account, and the access tokens
// of workspaces, projects and repositories. All have the same pages; what differs is said in place.go.
//
//	tokens.go   Pages and their addresses
//	place.go    where credentials are kept: whose, under which address, and in which words
//	list.go     the list, and what ended lately
//	create.go   the form of a new one, and the page that shows its secret once
//	picker.go   scopes to choose from, presets, and the operations that a choice opens
//	ready.go    lines for curl, git and other tools, each right for the kind of credential
//	show.go     one credential: what it may do against what it did, its refusals and its activity
//	chart.go    calls by day, drawn as SVG
//	change.go   narrow, rotate, revoke
//
// The rules are those of package account, and the numbers those that pail token show prints.
package tokens
