// Package variables reads a doctor's cases out of environment variables: those that known tools take their Bitbucket
// credentials from.
//
//	table.go   the tools: which variable is whose, and how the tool sends it
//	read.go    Read: what an environment holds, as tools and cases
//	pairs.go   variables that no table can name: Jenkins' bindings, git's own configuration, prefixes
//
// The environment is an argument: nothing here looks at that of the process. A tool is looked at only when a variable is
// set that is its own, or that only a few tools share; BITBUCKET_TOKEN alone says nothing about who reads it, so of such
// a value only the shape is judged. Variables that Bitbucket Pipelines sets by itself are no credentials.
//
// What does not live here: the judgement (package doctor), and tools that keep their credentials in files or in a
// database of their own, such as Argo CD and Flux (Secrets), sourcebot and SCM Backup (a configuration file), DevLake
// (its connections).
package variables
