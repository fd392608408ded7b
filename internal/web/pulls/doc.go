// Package pulls is the pages about pull requests: the list of a repository's, making one, and of each what it brings, what people
// and builds say of it, what a merge lacks, and the forms that change, review, merge and decline it; and the default reviewers.
//
//	pulls.go      Pages, its routes, and what all pages have in common
//	list.go       the pull requests of a repository
//	create.go     making one
//	show.go       one of them
//	happened.go   what happened to it, in sentences
//	files.go      the changes of some of its files, for those that are looked at later, or alone
//	events.go     telling those who look at it that it has changed
//	talk.go       what is said of it
//	forms.go      the forms on that
//	discuss.go    commenting, answering, resolving; tasks
//	change.go     changing, reviewing, declining and merging it
//	reviewers.go  default reviewers
//
// The rules are package pullrequest's. How commits and differences look is package code's; this package gets it as Code, because areas
// of the web stand side by side.
package pulls
