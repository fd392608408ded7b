// Package issues is the pages of issue trackers: the list with its filters, making and changing an issue, one of them with what was said
// and changed of it and its files, and the settings of a tracker.
//
//	issues.go    Pages, its routes, and what all pages have in common
//	list.go      the issues of a repository
//	filters.go   what somebody looks for again and again
//	form.go      making and changing one
//	show.go      one of them
//	history.go   what happened to it, and what people say
//	files.go     its files
//	settings.go  the tracker: on or off, components, milestones, versions
//
// The rules are package issue's. The frame of a repository's pages is package code's; this package gets it as Code, because areas of the
// web stand side by side.
package issues
