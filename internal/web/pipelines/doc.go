// Package pipelines is the pages of pipelines: the list, one of them with its steps as a graph and what they print, running one, schedules,
// deployments, and what they are set up with.
//
//	pipelines.go    Pages, its routes, and what all pages have in common
//	list.go         the pipelines of a repository
//	run.go          running one: of which branch, with which variables
//	show.go         one of them, and one of its steps
//	graph.go        its steps, side by side
//	log.go          what a step prints, by its commands, or the lines with a text
//	schedules.go    those that start by the clock
//	deployments.go  what is deployed where, and what was
//	settings.go     on or off, environments, and what steps know of SSH
//	variables.go    what steps are given, of a repository, an environment or a workspace
//	runners.go      who runs the steps
//
// The rules are package pipeline's. The frame of a repository's pages is package code's; this package gets it as Code, because areas of the
// web stand side by side.
package pipelines
