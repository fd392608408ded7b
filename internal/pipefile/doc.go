// Package pipefile reads bitbucket-pipelines.yml, the file that says what a repository's pipelines do, as Bitbucket Cloud documents
// it: into a typed [File] from which steps can be run, or into all the faults that can be found in it, each with line, column, what
// stands there and what was expected.
//
//	file.go             what a file holds, and what holds for a step in the end
//	fault.go            what is wrong with a file
//	yaml.go             YAML: anchors, aliases and merge keys, with limits
//	read.go             Parse, and how values are read
//	read_pipelines.go   pipelines, stages and parallel groups
//	read_step.go        steps
//	read_definitions.go images, caches, services, imports and triggers
//	select.go           which pipeline runs for a branch, a tag, a pull request or by its name
//	glob.go             patterns for names and paths
//	expression.go       conditions on variables
//
// It does no I/O: whoever has the file hands in its bytes, and where something is imported from another file, the [Import] says which.
package pipefile
